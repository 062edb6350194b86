/** How good or bad what is shown is. */
import type { Level, ServerProcess } from "../lib/wire";

export type Tone = "well" | "between" | "ill";

export function toneOfLevel(level: Level): Tone {
  if (level === "operational") return "well";
  return level === "under_maintenance" ? "between" : "ill";
}

export function toneOfProcess({ state, needs_operator }: ServerProcess): Tone {
  if (state === "running" && !needs_operator) return "well";
  return state === "hung" || state === "escalated" || needs_operator ? "ill" : "between";
}

/** How long ago an instant was, in seconds, by the server's clock. */
export const secondsSince = (iso: string, now: string): number => Math.max(0, (Date.parse(now) - Date.parse(iso)) / 1000);
