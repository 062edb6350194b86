/**
 * Whether a server that struggles may be asked again: a circuit breaker (Nygard, "Release It!") whose waits are an
 * exponential back-off with full jitter. While it is open one call alone is let through at a time, after each wait. All
 * tabs and the service worker share it, and it outlives a reload: a hundred reloads ask no more than one page does.
 *
 * Pure: the time (Unix milliseconds) and randomness are arguments.
 */
import type { Problem } from "./wire";

export interface Circuit {
  /** Failures in a row; 0: closed, anybody may ask. */
  readonly failures: number;
  /** When the last failure was noted. */
  readonly failedAt: number;
  /** Nobody asks before this instant. */
  readonly notBefore: number;
  /**
   * Until when the server itself has asked to be left alone (`Retry-After`): nobody asks sooner, whoever presses what. Of
   * longer waits that is their beginning: who knows that the server is back need not sit them out.
   */
  readonly askedFor: number;
  /** Whether somebody is asking; the others wait for what comes of it until `notBefore`. */
  readonly asking: boolean;
  readonly problem: Problem | null;
  /** How many tries out of turn are left, and when that was so. */
  readonly tokens: number;
  readonly tokensAt: number;
}

export const BASE_S = 0.25;
export const CAP_S = 15;
/** How long the others wait for the answer to the one call that was let through. */
export const ASKING_S = 4;
/** Tries out of turn: so many at once, and one more after so long. */
export const BUDGET = 3;
export const REFILL_S = 20;
/** Ten presses in a hurry are one: so long after a failure none is granted. */
export const HURRY_S = 1;

export const CLOSED: Circuit = { failures: 0, failedAt: 0, notBefore: 0, askedFor: 0, asking: false, problem: null, tokens: BUDGET, tokensAt: 0 };

export const isOpen = (circuit: Circuit): boolean => circuit.failures > 0;

/** Whether an open circuit lets a call through now. Where the clock was put back, no wait can be told from it. */
export const isDue = ({ failedAt, notBefore }: Circuit, now: number): boolean => now >= notBefore || now < failedAt;

/** One call is let through. */
export const asked = (circuit: Circuit, now: number): Circuit => ({ ...circuit, asking: true, notBefore: now + ASKING_S * 1000 });

/**
 * A call that began at `startedAt` met a server that struggles. Calls that were under way together fail together: that
 * counts once.
 */
export function failed(circuit: Circuit, problem: Problem, startedAt: number, now: number, random: number): Circuit {
  const asksFor = problem.retry_after_s ? now + problem.retry_after_s * 1000 : 0;
  const askedFor = Math.max(circuit.askedFor, Math.min(asksFor, now + CAP_S * 1000));
  if (startedAt < circuit.failedAt) return { ...circuit, askedFor, notBefore: Math.max(circuit.notBefore, asksFor) };
  const wait_s = random * Math.min(CAP_S, BASE_S * 2 ** circuit.failures);
  return {
    ...circuit,
    failures: circuit.failures + 1,
    failedAt: now,
    notBefore: Math.max(now + wait_s * 1000, asksFor),
    askedFor,
    asking: false,
    problem,
  };
}

/** The server has answered. What was spent of the budget comes back with time alone. */
export const answered = (circuit: Circuit): Circuit => ({ ...CLOSED, tokens: circuit.tokens, tokensAt: circuit.tokensAt });

/** How many tries out of turn are left now. */
export const tokensLeft = ({ tokens, tokensAt }: Circuit, now: number): number =>
  Math.min(BUDGET, tokens + Math.max(0, now - tokensAt) / (REFILL_S * 1000));

/** Whether a try out of turn is to be had: within the budget, not while somebody is asking, and not where the server said when. */
export function mayHurry(circuit: Circuit, now: number): boolean {
  if (tokensLeft(circuit, now) < 1 || (circuit.asking && !isDue(circuit, now))) return false;
  return now < circuit.failedAt || (now >= circuit.askedFor && now >= circuit.failedAt + HURRY_S * 1000);
}

/** A try out of turn; null where there is none to be had. */
export function hurried(circuit: Circuit, now: number): Circuit | null {
  if (!mayHurry(circuit, now)) return null;
  return { ...circuit, tokens: tokensLeft(circuit, now) - 1, tokensAt: now, notBefore: Math.min(circuit.notBefore, now), asking: false };
}

/**
 * Whether a failure tells of the whole server, and not of this one call: nobody answered, or what stands before it says
 * so. A message that is turned away for its pace or a full queue says nothing about reading; but nor does it say that a
 * server which was away is well.
 */
export function struggles(circuit: Circuit, { status = 0 }: Problem, method: string): boolean {
  if ((status ?? 0) < 400 || status === 502 || status === 504) return true;
  return (status === 429 || status === 503) && (method === "GET" || isOpen(circuit));
}
