/**
 * The very first start: whether the welcome is to be shown, and which chat came of it. The server keeps that somebody was
 * welcomed, so that no other browser greets them again.
 */
import { changeSettings, getSettings } from "../lib/api/settings";
import { getChats } from "../lib/api/chats";
import { persist, waitInBrowser } from "../lib/reconnect";

const BEGUN = "perdure.begun-chat";
/** The gallery does not wait longer than this to know, in seconds. */
const PATIENCE_S = 3;

class FirstStart {
  /** Whether it is not known yet. */
  looking = $state(true);
  greets = $state(false);
  /** The chat that was begun from the welcome, as long as nothing was said in it. */
  begun = $state<string | null>(storedBegun());
  #looked = false;

  /** Looks once whether this is the first start. Where that cannot be known, nobody is greeted. */
  look(): void {
    if (this.#looked) return;
    this.#looked = true;
    void this.#look();
  }

  async #look(): Promise<void> {
    try {
      const late = new Promise<never>((_, reject) => setTimeout(reject, PATIENCE_S * 1000));
      const [settings, chats] = await Promise.race([Promise.all([getSettings(), getChats({ limit: 1 })]), late]);
      this.greets = !settings.values.welcomed && chats.length === 0;
    } catch {
      this.#looked = false;
    } finally {
      this.looking = false;
    }
  }

  /** Never again. */
  done(): void {
    this.greets = false;
    void persist(() => changeSettings({ welcomed: true }), { signal: new AbortController().signal, wait: waitInBrowser }).catch(() => {
      // Greeted once more at the next start, unless there are chats by then.
    });
  }

  begin(chatId: string | null): void {
    this.begun = chatId;
    try {
      if (chatId === null) sessionStorage.removeItem(BEGUN);
      else sessionStorage.setItem(BEGUN, chatId);
    } catch {
      // The lines are offered as long as this page lives.
    }
  }
}

export const firstStart = new FirstStart();

function storedBegun(): string | null {
  try {
    return sessionStorage.getItem(BEGUN);
  } catch {
    return null;
  }
}
