/** Something that a page shows and the server knows. Loads until it succeeds or is refused; keeps the last value. */
import { dropPage, keepPage, keptPage, SILENCE_MS } from "../lib/archive";
import { asProblemError } from "../lib/problem";
import { persist, waitInBrowser } from "../lib/reconnect";
import type { Problem } from "../lib/wire";
import { kept } from "./browser";

export class Loading<T> {
  value = $state.raw<T | null>(null);
  problem = $state.raw<Problem | null>(null);
  /** Whether the problem is being worked on: another try follows by itself. */
  trying = $state(false);
  /** When the value was seen, in Unix milliseconds, where it is what this browser kept; null where the server has just said it. */
  asOf = $state<number | null>(null);
  readonly #load: () => Promise<T>;
  readonly #onValue: (value: T) => void;
  readonly #keptAs: string | null;
  #current = new AbortController();

  /**
   * `onValue` is told of what has come, unless nobody waits for it any more. Under `keptAs` this browser keeps the value,
   * to be shown while the server is away.
   */
  constructor(load: () => Promise<T>, onValue: (value: T) => void = () => {}, keptAs: string | null = null) {
    this.#load = load;
    this.#onValue = onValue;
    this.#keptAs = keptAs;
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
    const silence = setTimeout(() => !signal.aborted && void this.#recall(), SILENCE_MS);
    try {
      const value = await persist(this.#load, {
        signal,
        wait: waitInBrowser,
        onFailure: (error) => void this.#meet(error.problem, signal),
      });
      if (signal.aborted) return;
      this.value = value;
      this.problem = null;
      this.asOf = null;
      this.#onValue(value);
      if (this.#keptAs !== null) void keepPage(await kept, this.#keptAs, value, Date.now());
    } catch (thrown) {
      if (signal.aborted) return;
      this.problem = asProblemError(thrown).problem;
      if (this.#keptAs !== null && this.problem.status === 404) void dropPage(await kept, this.#keptAs);
    } finally {
      clearTimeout(silence);
    }
    this.trying = false;
  }

  /**
   * Another try follows: until then, what was seen last is better than nothing. It comes first, lest the page be about the
   * problem alone for a moment, and what somebody reaches for there be gone.
   */
  async #meet(problem: Problem, signal: AbortSignal): Promise<void> {
    if (!signal.aborted) await this.#recall();
    if (!signal.aborted && this.trying) this.problem = problem;
  }

  async #recall(): Promise<void> {
    if (this.#keptAs === null || this.value !== null) return;
    const page = await keptPage(await kept, this.#keptAs);
    if (page === null || this.value !== null) return;
    this.value = page.value as T;
    this.asOf = page.seenAt;
  }
}
