/** Whether the access token is being asked for. Calls that met a 401 wait here and are made again once it is given. */
import { accessTokenGiven, onAccessTokenRequired, openSession } from "../lib/api/http";
import { asProblemError } from "../lib/problem";
import type { Problem } from "../lib/wire";
import { news } from "./browser";

class Session {
  locked = $state(false);
  problem = $state.raw<Problem | null>(null);
  checking = $state(false);
  #waiting: (() => void)[] = [];
  readonly #watchers: (() => void)[] = [];

  constructor() {
    onAccessTokenRequired(() => {
      this.ask();
      return new Promise((resolve) => this.#waiting.push(resolve));
    });
    // Given in another tab, it is given in all of them.
    news.hear((tidings) => tidings.kind === "unlocked" && this.#open());
  }

  ask(): void {
    this.locked = true;
  }

  onUnlocked(watcher: () => void): void {
    this.#watchers.push(watcher);
  }

  async unlock(accessToken: string): Promise<void> {
    this.checking = true;
    this.problem = null;
    try {
      await openSession(accessToken);
    } catch (thrown) {
      this.problem = asProblemError(thrown).problem;
      return;
    } finally {
      this.checking = false;
    }
    news.tell({ kind: "unlocked" });
    this.#open();
  }

  #open(): void {
    accessTokenGiven();
    this.locked = false;
    for (const resolve of this.#waiting.splice(0)) resolve();
    for (const watcher of this.#watchers) watcher();
  }
}

export const session = new Session();
