/**
 * When to try again. Exponential back-off with full jitter (Brooker, "Exponential Backoff And Jitter", AWS 2015), so
 * that a thousand pages do not come back in the same instant. Clock and randomness are arguments.
 */
import { asProblemError, Withheld, type ProblemError } from "./problem";

export const BASE_S = 0.25;
export const CAP_S = 10;

/** How long to wait after `failures` earlier ones, in seconds: anywhere in [0, min(cap, base·2ⁿ)), as `random` in [0, 1) is. */
export const backoff_s = (failures: number, random: number): number => random * Math.min(CAP_S, BASE_S * 2 ** failures);

export class Backoff {
  readonly #random: () => number;
  #failures = 0;

  /** `random` gives numbers in [0, 1). */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** Consecutive failures since the last success. */
  get failures(): number {
    return this.#failures;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  /** Counts a failure; how long to wait before the next try, in seconds. */
  failed(): number {
    const wait_s = backoff_s(this.#failures, this.#random());
    this.#failures += 1;
    return wait_s;
  }
}

/** How long to wait after what a try has thrown, in seconds. Where no call was made, nothing has failed. */
export function pause_s(error: ProblemError, backoff: Backoff): number {
  return error instanceof Withheld ? error.retryAfterS! : Math.max(backoff.failed(), error.retryAfterS ?? 0);
}

/** Waits `delay_s`, or less where something makes an early try worthwhile. Resolves also when `signal` aborts. */
export type Wait = (delay_s: number, signal: AbortSignal) => Promise<void>;

const REACHABLE = "perdure:reachable";

/** The server has answered someone: whatever waits to try again need not wait any longer. */
export function announceReachable(): void {
  window.dispatchEvent(new Event(REACHABLE));
}

/** A wait that ends early when the browser comes online, the page is looked at again or the server was reached. */
export const waitInBrowser: Wait = (delay_s, signal) =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const visible = (): void => {
      if (document.visibilityState === "visible") done();
    };
    const done = (): void => {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      window.removeEventListener(REACHABLE, done);
      document.removeEventListener("visibilitychange", visible);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, delay_s * 1000);
    window.addEventListener("online", done);
    window.addEventListener(REACHABLE, done);
    document.addEventListener("visibilitychange", visible);
    signal.addEventListener("abort", done);
  });

export interface Persistence {
  readonly signal: AbortSignal;
  readonly wait: Wait;
  readonly backoff?: Backoff;
  /** Told of every failed try that will be followed by another. */
  readonly onFailure?: (error: ProblemError) => void;
}

/**
 * Calls `attempt` until it succeeds. Safe only for calls that mean the same however often they are made, which all
 * of the contract's do (promise 7).
 *
 * @throws ProblemError when the server refuses in a way that no repetition mends, or when `signal` aborts.
 */
export async function persist<T>(attempt: () => Promise<T>, options: Persistence): Promise<T> {
  const backoff = options.backoff ?? new Backoff();
  for (;;) {
    try {
      const result = await attempt();
      backoff.succeeded();
      return result;
    } catch (thrown) {
      const error = asProblemError(thrown);
      if (!error.retryable || options.signal.aborted) throw error;
      options.onFailure?.(error);
      await options.wait(pause_s(error, backoff), options.signal);
      if (options.signal.aborted) throw error;
    }
  }
}
