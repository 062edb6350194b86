/** Who said something. */
import type { Message } from "./wire";

/** Whom the server calls a person without a persona, in every language. */
const NOBODY = "You";

/** Whether a person said it under a name of their own. */
export function isNamed(message: Message): boolean {
  return message.role === "user" && message.author !== null && message.author !== NOBODY;
}
