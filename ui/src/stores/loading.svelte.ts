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
  readonly #onValue: (value: T) => void;
  #current = new AbortController();

  /** `onValue` is told of what has come, unless nobody waits for it any more. */
  constructor(load: () => Promise<T>, onValue: (value: T) => void = () => {}) {
    this.#load = load;
    this.#onValue = onValue;
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

  /** Nobody waits for it any more, whoever started it. */
  stop(): void {
    this.#current.abort();
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
      this.#onValue(value);
    } catch (thrown) {
      if (signal.aborted) return;
      this.problem = asProblemError(thrown).problem;
    }
    this.trying = false;
  }
}
