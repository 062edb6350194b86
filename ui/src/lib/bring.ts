/** Fetches a part of the program that was left for later, however often it takes. */
import { ask } from "./api/http";
import { outdated, unreachable } from "./problem";
import { Backoff, type Wait } from "./reconnect";
import type { Problem } from "./wire";

export interface Bringing {
  readonly signal: AbortSignal;
  readonly wait: Wait;
  /** What it is: a page that is older than its server, or a server that is away. */
  readonly onFailure?: (problem: Problem) => void;
  /** Loads the page anew: its script is one that the server no longer has. False where that was of no use just now. */
  readonly reload: () => boolean;
  readonly backoff?: Backoff;
  /** Whether the server answers at all. */
  readonly answers?: () => Promise<boolean>;
}

/**
 * The module, or null where `signal` aborted first or the page is being loaded anew. A module that cannot be had from a
 * server that answers is one of an earlier version.
 */
export async function bring<T>(load: () => Promise<T>, options: Bringing): Promise<T | null> {
  const backoff = options.backoff ?? new Backoff();
  const answers = options.answers ?? serverAnswers;
  while (!options.signal.aborted) {
    try {
      return await load();
    } catch {
      if (options.signal.aborted) return null;
      const answered = await answers();
      if (answered && options.reload()) return null;
      options.onFailure?.(answered ? outdated : unreachable);
      await options.wait(backoff.failed(), options.signal);
    }
  }
  return null;
}

async function serverAnswers(): Promise<boolean> {
  try {
    return (await ask("/healthz", { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}

const RELOADED = "perdure.reloaded-at";
const ONCE_IN_S = 60;

/** Loads the page anew, but not again and again: if it did not help, it does not help. */
export function reloadOnce(): boolean {
  try {
    const before_ms = Number(sessionStorage.getItem(RELOADED) ?? 0);
    if (Date.now() - before_ms < ONCE_IN_S * 1000) return false;
    sessionStorage.setItem(RELOADED, String(Date.now()));
  } catch {
    return false;
  }
  location.reload();
  return true;
}
