/** Which messages of a chat are being edited, sent ones and waiting ones, and what is written in their place so far. */
import { SvelteSet } from "svelte/reactivity";
import { dropEdit, editsIn, keepEdit, keptEdit } from "../lib/edits";

export class Edits {
  readonly #chatId: string;
  readonly #open: SvelteSet<string>;

  /** What was not finished when the page was left is open again. */
  constructor(chatId: string) {
    this.#chatId = chatId;
    this.#open = new SvelteSet(editsIn(chatId));
  }

  get count(): number {
    return this.#open.size;
  }

  isOpen(messageId: string): boolean {
    return this.#open.has(messageId);
  }

  begin(messageId: string): void {
    this.#open.add(messageId);
  }

  /** What was written before, in place of the text as it is. */
  written(messageId: string, text: string): string {
    return keptEdit(messageId) ?? text;
  }

  keep(messageId: string, text: string): void {
    keepEdit(messageId, { chatId: this.#chatId, text });
  }

  /** Saved or given up. */
  end(messageId: string): void {
    this.#open.delete(messageId);
    dropEdit(messageId);
  }
}
