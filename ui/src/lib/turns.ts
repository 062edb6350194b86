/** What can be told of a turn: whether it is still going on, and whether it was taken over. */
import type { Turn, TurnState } from "./wire";

export function isInProgress(state: TurnState): boolean {
  return state === "queued" || state === "running";
}

/** Whether another worker went on with the turn after its first one was lost. */
function wasTakenOver(turn: Turn): boolean {
  return turn.attempts.length >= 2 || (turn.state === "queued" && turn.attempts.length === 1);
}

/** How an attempt ends when its worker was lost or went; all other endings of a lost attempt are the model's. */
const WORKER_OUTCOMES: ReadonlySet<string | null> = new Set(["worker_died", "lease_expired", "released"]);

/** Over whose loss the turn was taken over the last time; null where it never was. */
export function takenOverFrom(turn: Turn): "worker" | "model" | null {
  if (!wasTakenOver(turn)) return null;
  const lost = turn.attempts.filter(({ outcome }) => outcome !== null && outcome !== "done" && outcome !== "stopped");
  const last = lost.at(-1);
  return last === undefined || WORKER_OUTCOMES.has(last.outcome) ? "worker" : "model";
}
