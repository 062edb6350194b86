/** Something that a page shows and the server knows. Loads until it succeeds or is refused; keeps the last value. */
import { asProblemError } from "../lib/problem";
import { persist, waitInBrowser } from "../lib/reconnect";
import type { Problem } from "../lib/wire";

export class Loading<T> {
  value = $state.raw<T | null>(null);
  problem = $state.raw<Problem | null>(null);
  /** Whether the problem is being worked on: another try follows by itself. */
  trying = $state(false);
  readonly #load: () => Promise<T>;
  #current = new AbortController();

  constructor(load: () => Promise<T>) {
    this.#load = load;
  }

  /** Loads (again); returns how to stop. */
  start(): () => void {
    this.#current.abort();
    const current = new AbortController();
    this.#current = current;
    this.trying = true;
    void this.#run(current.signal);
    return () => current.abort();
  }

  async #run(signal: AbortSignal): Promise<void> {
    try {
      const value = await persist(this.#load, {
        signal,
        wait: waitInBrowser,
        onFailure: (error) => {
          if (!signal.aborted) this.problem = error.problem;
        },
      });
      if (signal.aborted) return;
      this.value = value;
      this.problem = null;
    } catch (thrown) {
      if (signal.aborted) return;
      this.problem = asProblemError(thrown).problem;
    }
    this.trying = false;
  }
}
