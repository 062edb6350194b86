/**
 * How a turn stands that nobody has taken up yet: events tell nothing of it until somebody does. Asked for now and then,
 * and not at all where the wait is a moment's. Framework-free; network and waiting are arguments.
 */
import type { Wait } from "./reconnect";
import type { TurnNow } from "./wire";

export const FIRST_S = 1;
export const LATER_S = 3;

export interface Standing {
  /** Aborts once nothing is waited for any more. */
  readonly signal: AbortSignal;
  readonly wait: Wait;
  readonly ask: () => Promise<TurnNow>;
  readonly onNews: (turn: TurnNow) => void;
}

/** Asks until the signal aborts. What cannot be asked now is asked later. */
export async function watchStanding({ signal, wait, ask, onNews }: Standing): Promise<void> {
  for (let delay_s = FIRST_S; ; delay_s = LATER_S) {
    await wait(delay_s, signal);
    if (signal.aborted) return;
    const turn = await ask().catch(() => null);
    if (turn && !signal.aborted) onNews(turn);
  }
}
