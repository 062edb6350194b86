/**
 * Where in a long chat the reader is: which messages stand in the page, and what is fetched and let go as they move.
 * The line may end at the head, or, for whoever has followed a link into the past, somewhere before it.
 */
import { asProblemError } from "../lib/problem";
import { letGo, lineTo, siblingsOf, type ChatView } from "../lib/stream";
import { around, bounds, downward, drawn, END, settled, upward, type Pane } from "../lib/window";
import type { MessagePage } from "../lib/wire";
import type { Conversation } from "./conversation.svelte";
import { isGone, Pages } from "./pages";

/** Messages that are kept at most, and how many of the end of the branch always are. */
const KEPT = 1500;
const TAIL = 200;
/** How many messages beyond what is drawn are at hand before more are fetched, and how many are kept. */
const AT_HAND = 80;
const NEAR = 200;

export class Reading {
  pane = $state.raw<Pane>(END);
  /** A message that was asked for by its link: until it is here nothing else is shown. */
  seeking = $state(false);
  /** The message that was asked for, to be put before the reader's eyes: `top` pixels below the edge, where they had it. */
  target = $state.raw<{ readonly id: string; readonly top: number | null } | null>(null);
  /** Whether the page follows the end; told by the log. */
  following = true;
  #endId = $state<string | null>(null);
  #line: readonly string[] = [];
  /** How often the reader has asked to be elsewhere: only the last time counts. */
  #wishes = 0;
  readonly #conversation: Conversation;
  readonly #pages: Pages;

  readonly line: readonly string[] = $derived.by(() => this.#steady(this.#endId));
  /** The ids of what is drawn, oldest first. */
  readonly drawn: readonly string[] = $derived(this.seeking ? [] : drawn(this.line, this.pane));
  readonly atEnd: boolean = $derived(!this.seeking && this.#endId === null && this.drawn.at(-1) === this.line.at(-1));
  readonly hasBefore: boolean = $derived.by(
    () => this.drawn.length > 0 && this.#conversation.message(this.drawn[0]!)?.parent_id !== null,
  );

  constructor(conversation: Conversation) {
    this.#conversation = conversation;
    this.#pages = new Pages(conversation);
  }

  /** Draws more of the past. */
  async up(): Promise<void> {
    const { from } = bounds(this.line, this.pane);
    if (from > 0) this.pane = upward(this.line, this.pane);
    if (from >= AT_HAND) return this.#letGo();
    const first = this.line[0];
    if (first === undefined || (this.#conversation.message(first)?.parent_id ?? null) === null) return;
    const wish = this.#wishes;
    const page = await this.#pages.next({ before: first });
    // Whoever has left reads nothing any more.
    if (this.#conversation.closed.aborted) return;
    if (page && wish === this.#wishes && from === 0) this.pane = upward(this.line, this.pane);
    this.#letGo();
  }

  /** Draws more of what came later. */
  async down(): Promise<void> {
    const { to } = bounds(this.line, this.pane);
    if (to < this.line.length) this.pane = downward(this.line, this.pane);
    if (this.#endId === null || to < this.line.length - AT_HAND) return this.#letGo();
    const last = this.#endId;
    const wish = this.#wishes;
    const page = await this.#pages.next({ after: last });
    if (!page || wish !== this.#wishes || this.#conversation.closed.aborted) return;
    // Named, lest the pane grow by all that has come.
    this.pane = { ...this.pane, lastId: this.pane.lastId ?? last };
    this.#endId = page.messages.at(-1)?.id ?? last;
    this.#join();
    if (to === this.line.length || this.pane.lastId === last) this.pane = downward(this.line, this.pane);
    this.#letGo();
  }

  toEnd(): void {
    this.#wishes += 1;
    this.#endId = null;
    this.pane = END;
    this.seeking = false;
  }

  /** Shows a message in its place, on whichever branch it is; with `top` where it was, if it is still on this one. */
  async show(id: string, top: number | null = null): Promise<void> {
    const wish = (this.#wishes += 1);
    this.seeking = !this.line.includes(id);
    try {
      const page = this.seeking ? await (top === null ? this.#pages.anywhere(id) : this.#pages.around(id)) : null;
      if (wish !== this.#wishes || this.#conversation.closed.aborted) return;
      if (page !== null) this.#goOnWith(page);
      if (this.#endId === null || this.line.includes(id)) this.pane = around(this.line, id);
      this.target = { id, top };
      this.seeking = false;
    } catch (thrown) {
      if (this.#conversation.closed.aborted || wish !== this.#wishes) return;
      if (top === null) this.#conversation.notice = asProblemError(thrown).problem;
      this.toEnd();
    }
  }

  /** The branch is another one, or longer, than it was in `before`. */
  reshaped(before: ChatView): void {
    const { view } = this.#conversation;
    this.#join();
    this.pane = settled(this.line, this.pane, this.following);
    const switched = before.headId !== null && !view.path.includes(before.headId) && view.headId !== before.headId;
    if (this.#endId === null || this.seeking || !switched) return;
    // What is read here may no longer be on the branch that is shown: the server knows.
    const middle = this.drawn[Math.floor(this.drawn.length / 2)];
    if (middle !== undefined) void this.#stay(middle);
  }

  /** Goes to the end where what is being read is no longer on the branch. */
  async #stay(id: string): Promise<void> {
    const wish = this.#wishes;
    try {
      this.#conversation.learn((await this.#pages.around(id)).messages);
    } catch (thrown) {
      if (isGone(thrown) && wish === this.#wishes) this.toEnd();
    }
  }

  #goOnWith({ messages }: MessagePage): void {
    this.#endId = messages.at(-1)?.id ?? null;
    this.#conversation.learn(messages);
    this.#join();
  }

  /** A line that has reached the branch's known end goes on with it. */
  #join(): void {
    const endId = this.#endId;
    if (endId === null || !this.#conversation.view.path.includes(endId)) return;
    this.pane = { ...this.pane, lastId: this.pane.lastId ?? endId };
    if (this.#conversation.view.headId === endId) this.pane = { ...this.pane, lastId: this.pane.lastId === endId ? null : this.pane.lastId };
    this.#endId = null;
  }

  /** What is far from the reader and from the end is let go; it can be fetched again. */
  #letGo(): void {
    const { view } = this.#conversation;
    if (view.messages.size < KEPT) return;
    const { from, to } = bounds(this.line, this.pane);
    const near = this.line.slice(Math.max(0, from - NEAR), to + NEAR);
    const last = near.at(-1);
    if (this.#endId !== null || (last !== undefined && view.path.indexOf(last) < view.path.length - TAIL)) {
      this.pane = { ...this.pane, lastId: this.pane.lastId ?? last ?? null };
      this.#endId = last ?? null;
    }
    const keep = new Set([...near, ...view.path.slice(-TAIL)]);
    for (const id of this.drawn) {
      const message = view.messages.get(id);
      if (message) for (const beside of siblingsOf(view, message)) keep.add(beside);
    }
    this.#conversation.view = letGo(view, keep);
  }

  /** The line; the same array while it is the same, so that a word that comes draws nothing anew. */
  #steady(endId: string | null): readonly string[] {
    const { view, path } = this.#conversation;
    if (endId === null) return path;
    const line = lineTo(endId, view.messages);
    const same = line.length === this.#line.length && line.every((id, index) => id === this.#line[index]);
    if (!same) this.#line = line;
    return this.#line;
  }
}
