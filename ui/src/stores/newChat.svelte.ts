/** The wish for a new chat with a character: one UUID, asked for until it is there, then the chat's page opens. */
import { putChat } from "../lib/api/chats";
import { asProblemError } from "../lib/problem";
import { persist, waitInBrowser } from "../lib/reconnect";
import { chatPath } from "../lib/routes";
import { newUuid } from "../lib/uuid";
import type { Problem } from "../lib/wire";
import { t } from "../i18n/i18n.svelte";
import { tell } from "../i18n/problems";
import { router } from "./router.svelte";
import { toasts } from "./toasts.svelte";

export class NewChat {
  characterId = $state<string | null>(null);
  problem = $state.raw<Problem | null>(null);
  readonly #onProblem: (problem: Problem, trying: boolean) => void;
  readonly #left = new AbortController();

  /** `onProblem` is told why there is no chat yet, and whether another try follows by itself. */
  constructor(onProblem: (problem: Problem, trying: boolean) => void = () => {}) {
    this.#onProblem = onProblem;
  }

  /** Returns the chat's id once it is open; null where it did not come to that, or the person has gone elsewhere. */
  async open(characterId: string, greeting = 0): Promise<string | null> {
    if (this.characterId !== null) return null;
    const from = router.path;
    this.characterId = characterId;
    this.problem = null;
    const id = newUuid();
    try {
      await persist(() => putChat(id, characterId, greeting), {
        signal: this.#left.signal,
        wait: waitInBrowser,
        onFailure: (error) => {
          if (router.path === from) this.#meet(error.problem, true);
          else this.leave();
        },
      });
      if (this.#left.signal.aborted || router.path !== from) return null;
      router.go(chatPath(id));
      return id;
    } catch (thrown) {
      if (!this.#left.signal.aborted) this.#meet(asProblemError(thrown).problem, false);
      return null;
    } finally {
      this.characterId = null;
    }
  }

  /** The person has left the page: a chat that opens now would be a surprise. */
  leave(): void {
    this.#left.abort();
  }

  #meet(problem: Problem, trying: boolean): void {
    this.problem = problem;
    this.#onProblem(problem, trying);
  }
}

/** The same from a menu, which is gone once something is chosen: what is wrong is said at the foot of the page. */
export async function beginChat(characterId: string): Promise<void> {
  const told = new Set<string>();
  const wish = new NewChat((problem, trying) => {
    const { title } = tell(problem, t().common);
    const words = trying ? t().common.newChatWaits(title) : t().common.newChatRefused(title);
    if (!told.has(words)) toasts.say(words);
    told.add(words);
  });
  await wish.open(characterId);
}
