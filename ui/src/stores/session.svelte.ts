/** Whether the access token is being asked for. Calls that met a 401 wait here and are made again once it is given. */
import { onAccessTokenRequired, openSession } from "../lib/api/http";
import { asProblemError } from "../lib/problem";
import type { Problem } from "../lib/wire";

class Session {
  locked = $state(false);
  problem = $state.raw<Problem | null>(null);
  checking = $state(false);
  #waiting: (() => void)[] = [];

  constructor() {
    onAccessTokenRequired(() => {
      this.locked = true;
      return new Promise((resolve) => this.#waiting.push(resolve));
    });
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
    this.locked = false;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

export const session = new Session();
