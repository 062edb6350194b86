/** The ways in which a character can begin, in the order in which a chat counts them: empty ones are left out. */
import type { Character } from "./wire";

export const greetingsOf = (one: Pick<Character, "first_mes" | "alternate_greetings">): string[] =>
  [one.first_mes ?? "", ...one.alternate_greetings].filter((text) => text.trim() !== "");
