/** How fast one writes in a chat, against what the server takes: said before the limit bites. */
import type { Message } from "./wire";

const MINUTE_MS = 60_000;
/** From this share of the limit on the count is of interest. */
const NEAR = 0.8;

/** How many messages of one's own stand in the last minute; null while that is far from the limit (0: there is none). */
export function nearPace(messages: Iterable<Pick<Message, "role" | "created_at">>, limit: number, now: number): number | null {
  if (limit === 0) return null;
  // Instants as the server writes them: the same form for all, so that they compare as texts.
  const since = new Date(now - MINUTE_MS).toISOString();
  let count = 0;
  for (const { role, created_at } of messages) if (role === "user" && created_at > since) count += 1;
  return count >= limit * NEAR ? count : null;
}
