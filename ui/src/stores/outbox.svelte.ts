/** All letters of this browser, and the one sender that every page of it runs. */
import { tidy } from "../lib/archive";
import { putLetter } from "../lib/api/messages";
import { formerLetters, sendable, type Letter } from "../lib/letters";
import { sendLater } from "../lib/offline";
import { Outbox } from "../lib/outbox";
import { announceReachable } from "../lib/reconnect";
import { Sender } from "../lib/sender";
import type { Message } from "../lib/wire";
import { alone, gate, kept, news } from "./browser";
import { session } from "./session.svelte";

/** Between two looks at what is due, in milliseconds. */
const SHORTEST_MS = 20;

class Letters {
  all = $state.raw<readonly Letter[]>([]);
  /** The letter that this page is sending. */
  sending = $state<string | null>(null);
  /** False where the browser forgets them with the page. */
  lasting = $state(true);
  readonly box: Outbox;
  readonly #listeners = new Set<(message: Message) => void>();
  #alarm: ReturnType<typeof setTimeout> | undefined;

  /** In how many letters of a chat somebody should be interested: those that do not go at once. */
  readonly waiting: ReadonlyMap<string, number> = $derived.by(() => {
    const counts = new Map<string, number>();
    for (const { chatId, held, trouble } of this.all) {
      if (held || trouble !== null) counts.set(chatId, (counts.get(chatId) ?? 0) + 1);
    }
    return counts;
  });

  constructor() {
    this.box = new Outbox({
      kept,
      gate,
      news,
      sender: this.#sender(),
      onLetters: (letters) => {
        // Should the page be gone when it can be sent, the worker sends it.
        if (sendable(letters).some(({ trouble }) => trouble !== null)) void sendLater();
        this.all = letters;
        void kept.then((cabinet) => (this.lasting = cabinet.lasting));
      },
      onSent: (message) => this.#sent(message),
      alarm: (at, then) => {
        clearTimeout(this.#alarm);
        this.#alarm = setTimeout(then, Math.max(SHORTEST_MS, at - Date.now()));
      },
    });
  }

  /** Goes on with what earlier pages left; returns how to stop. */
  open(): () => void {
    void this.#takeOver();
    session.onUnlocked(() => void this.box.unlocked());
    return this.box.open();
  }

  /** A try out of turn, as far as there is a budget for it; where it is the server that is waited for, everything goes on. */
  async sendNow(messageId: string): Promise<void> {
    if (await this.box.sendNow(messageId)) announceReachable();
  }

  /** Is told of every letter that has become a message; returns how to be told no more. */
  onSent(listener: (message: Message) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #sender(): Sender {
    return new Sender({
      kept,
      gate,
      alone,
      send: putLetter,
      now: Date.now,
      random: Math.random,
      onSending: (messageId) => (this.sending = messageId),
      onSent: (_, { message }) => {
        this.#sent(message);
        news.tell({ kind: "sent", message });
      },
      onChange: async () => {
        news.tell({ kind: "letters" });
        await this.box.look();
      },
      onLocked: () => session.ask(),
    });
  }

  #sent(message: Message): void {
    for (const listener of this.#listeners) listener(message);
  }

  /** What an earlier version of the app has left. */
  async #takeOver(): Promise<void> {
    const cabinet = await kept;
    try {
      for (const [key, letter] of formerLetters(localStorage)) {
        await cabinet.change("letters", letter.messageId, (now) => now ?? letter);
        if (cabinet.lasting) localStorage.removeItem(key);
      }
      await this.box.look();
    } catch {
      // No storage, nothing left.
    }
    this.lasting = cabinet.lasting;
    void tidy(cabinet);
  }
}

export const letters = new Letters();
