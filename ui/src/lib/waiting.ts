/**
 * What a turn waits for that nobody has taken up yet: events tell nothing of it until somebody does. Asked for now and
 * then, and not at all where the wait is a moment's. Framework-free; network and waiting are arguments.
 */
import type { Wait } from "./reconnect";
import type { Waiting } from "./wire";

export const FIRST_S = 1;
export const LATER_S = 3;

export interface Watch {
  /** Aborts once nothing is waited for any more. */
  readonly signal: AbortSignal;
  readonly wait: Wait;
  readonly ask: () => Promise<Waiting>;
  readonly onNews: (waiting: Waiting) => void;
}

/** Asks until the signal aborts. What cannot be asked now is asked later. */
export async function watchWait({ signal, wait, ask, onNews }: Watch): Promise<void> {
  for (let delay_s = FIRST_S; ; delay_s = LATER_S) {
    await wait(delay_s, signal);
    if (signal.aborted) return;
    const waiting = await ask().catch(() => null);
    if (waiting && !signal.aborted) onNews(waiting);
  }
}
