/**
 * Events do not tell whole families, and a swipe should not wait for what it shows: what stands beside the last messages
 * is asked for here.
 */
import { getMessage } from "../lib/api/messages";
import { parentOf } from "../lib/families";
import type { Conversation } from "./conversation.svelte";

/** At how many of the last messages it is looked whether all that stand beside them are known. */
const LOOKED_AT = 12;
/** What was missed is asked for again when it is next looked for, but not in a circle: after so long, in milliseconds. */
const AGAIN_MS = 1000;

export class Beside {
  readonly #conversation: Conversation;
  readonly #sought = new Set<string>();

  constructor(conversation: Conversation) {
    this.#conversation = conversation;
  }

  /** Called whenever the branch, or what is known to stand beside it, has changed. */
  look(): void {
    const { head, reading, view } = this.#conversation;
    for (const id of reading.drawn.slice(-LOOKED_AT)) {
      const message = view.messages.get(id);
      if (message && !view.families.get(parentOf(message))?.whole) this.#seek(id);
    }
    if (!head) return;
    const ids = this.#conversation.siblingsOf(head);
    const at = ids.indexOf(head.id);
    for (const id of [ids[at - 1], ids[at + 1]]) if (id !== undefined && !view.messages.has(id)) this.#seek(id);
  }

  #seek(id: string): void {
    if (this.#sought.has(id)) return;
    this.#sought.add(id);
    getMessage(this.#conversation.chatId, id)
      .then((message) => this.#conversation.learn([message]), () => {})
      .finally(() => setTimeout(() => this.#sought.delete(id), AGAIN_MS));
  }
}
