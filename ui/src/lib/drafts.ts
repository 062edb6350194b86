/**
 * What is being written in each chat. It is kept in this browser at every key, and on the server soon after, so that
 * another device has it. `base` is what the server is known to have: whoever of the two has changed since then is right,
 * and where both have, nothing of either is lost.
 */
import type { Kept, Laid } from "./kept";
import { persist, type Wait } from "./reconnect";

export interface Draft {
  readonly text: string;
  readonly base: string;
  /** What the server was told last. Whether it has heard that is not known before it says so. */
  readonly told?: string;
}

/** Where an earlier version of the app kept them, in `localStorage`. */
const PREFIX = "perdure.draft.";
export const NONE: Draft = { text: "", base: "" };

/** The draft once the server has said what it has. */
export function reconciled(local: Draft, server: string): Draft {
  if (local.text === server || local.text === local.base) return { text: server, base: server };
  if (server === local.base || server === local.told || local.text.includes(server)) return { text: local.text, base: server };
  return { text: server.includes(local.text) ? server : `${local.text}\n${server}`, base: server };
}

/** Keeps a draft in this browser: the latest text alone, one at a time, so that no key waits for a disk. */
export class DraftKeeper {
  readonly #kept: Promise<Kept>;
  readonly #chatId: string;
  #wanted: Draft | null = null;
  #running = false;

  constructor(kept: Promise<Kept>, chatId: string) {
    this.#kept = kept;
    this.#chatId = chatId;
  }

  async read(): Promise<Draft> {
    const draft = await (await this.#kept).get("drafts", this.#chatId);
    return draft ?? formerDraft(this.#chatId);
  }

  keep(draft: Draft): void {
    this.#wanted = draft;
    if (!this.#running) void this.#run();
  }

  /** What is to be kept of a draft together with the letter that it has become. */
  sent(draft: Draft): Laid {
    this.#wanted = null;
    return this.#laid(draft);
  }

  /** The page may go: nothing is waited for. */
  flush(): void {
    if (this.#wanted !== null) void this.#put();
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#wanted !== null) await this.#put();
    this.#running = false;
  }

  async #put(): Promise<void> {
    const draft = this.#wanted!;
    this.#wanted = null;
    await (await this.#kept).put(this.#laid(draft));
  }

  #laid(draft: Draft): Laid {
    return ["drafts", this.#chatId, draft.text === "" && draft.base === "" ? null : draft];
  }
}

/** Moved from there once. */
function formerDraft(chatId: string): Draft {
  try {
    const draft = JSON.parse(localStorage.getItem(PREFIX + chatId) ?? "null") as Partial<Draft> | null;
    localStorage.removeItem(PREFIX + chatId);
    return { text: String(draft?.text ?? ""), base: String(draft?.base ?? "") };
  } catch {
    return NONE;
  }
}

/** How long the fingers rest before the server is told, in seconds. */
export const REST_S = 0.8;

export interface DraftPost {
  readonly put: (text: string, keepalive: boolean) => Promise<void>;
  readonly wait: Wait;
  readonly onSaved: (text: string) => void;
}

/** Tells the server of a draft: the latest text alone, one call at a time, until it has it. */
export class DraftSaver {
  readonly #post: DraftPost;
  readonly #closed = new AbortController();
  #wanted: string | null = null;
  #rest: AbortController | null = null;
  #running = false;

  constructor(post: DraftPost) {
    this.#post = post;
  }

  /** `at_once` where nobody will go on writing: the message was sent. */
  save(text: string, at_once = false): void {
    this.#wanted = text;
    if (at_once) this.#rest?.abort();
    if (!this.#running) void this.#run(at_once);
  }

  /** The page goes: what was not told yet is told in a call that outlives it. */
  flush(): void {
    const text = this.#wanted;
    this.#wanted = null;
    if (text !== null) this.#post.put(text, true).then(() => this.#post.onSaved(text), () => {});
  }

  close(): void {
    this.flush();
    this.#closed.abort();
  }

  async #run(at_once: boolean): Promise<void> {
    this.#running = true;
    let first = at_once;
    while (this.#wanted !== null && !this.#closed.signal.aborted) {
      if (!first) await this.#resting();
      first = false;
      const text: string | null = this.#wanted;
      if (text === null || this.#closed.signal.aborted) break;
      this.#wanted = null;
      try {
        await persist(() => (this.#wanted === null ? this.#post.put(text, false) : Promise.resolve()), {
          signal: this.#closed.signal,
          wait: this.#post.wait,
        });
        if (this.#wanted === null) this.#post.onSaved(text);
      } catch {
        // Refused for good, or the page goes: the draft is kept in this browser.
      }
    }
    this.#running = false;
  }

  async #resting(): Promise<void> {
    this.#rest = new AbortController();
    await this.#post.wait(REST_S, AbortSignal.any([this.#closed.signal, this.#rest.signal]));
  }
}
