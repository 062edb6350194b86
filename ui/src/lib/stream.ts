/**
 * Merges a chat's events into what is shown. Pure and framework-free: `(view, event) -> view`.
 *
 * The rules, whatever arrives, in whatever chunks, from however many connections:
 * - text only grows: a repeat is cut by its offset, and what was shown is never taken back (promises 2 and 4);
 * - an event older than what is known (by its id) changes nothing, so replays are harmless;
 * - a hole in the text, or a head that was never sent, asks for a resync (a new snapshot) and changes nothing shown.
 *
 * A delta costs its own size: what is derived from the shape of the tree is made anew only where the shape changes.
 */
import { codePointLength, dropCodePoints } from "./codepoints";
import { born, doubted, heard, parentOf, ROOT, told, type Families } from "./families";
import { isInProgress } from "./turns";
import type { Delta, Head, Hidden, Message, Problem, Turn } from "./wire";

export type ChatEvent =
  | { readonly seq: number; readonly kind: "message"; readonly data: Message }
  | { readonly seq: number; readonly kind: "turn"; readonly data: Turn }
  | { readonly seq: number; readonly kind: "delta"; readonly data: Delta }
  | { readonly seq: number; readonly kind: "head"; readonly data: Head }
  | { readonly seq: number; readonly kind: "hidden"; readonly data: Hidden };

/** A message as shown. `length` is the text's length in code points, kept so that a delta costs only its own size. */
export interface ShownMessage extends Message {
  readonly length: number;
  readonly error: Problem | null;
}

export interface ChatView {
  readonly headId: string | null;
  /** The ids of the current branch, oldest first, as far back as its messages are known. Changes only with the branch. */
  readonly path: readonly string[];
  readonly messages: ReadonlyMap<string, ShownMessage>;
  readonly families: Families;
  /** Messages that were deleted while this page was open. */
  readonly hidden: ReadonlySet<string>;
  readonly turns: ReadonlyMap<string, Turn>;
  /** The id of the newest event merged. */
  readonly seq: number;
  /** What to ask for with `after=`; null while no snapshot has been received to its end. */
  readonly resumeAfter: number | null;
  readonly needsResync: boolean;
  /** The messages of the snapshot that is being received; null outside of one. */
  readonly snapshot: ReadonlySet<string> | null;
  /** Replies that were in progress before a snapshot which does not tell of them: how they ended was missed. */
  readonly stale: ReadonlySet<string>;
  /** The head that was not known when it came: a branch that this page has not seen yet. */
  readonly missingHead: string | null;
}

export const emptyView: ChatView = {
  headId: null,
  path: [],
  messages: new Map(),
  families: new Map(),
  hidden: new Set(),
  turns: new Map(),
  seq: 0,
  resumeAfter: null,
  needsResync: false,
  snapshot: null,
  stale: new Set(),
  missingHead: null,
};

/** Merges `events`, in the order in which one connection delivered them. */
export function merge(view: ChatView, events: readonly ChatEvent[]): ChatView {
  const draft = new Draft(view);
  for (const event of events) draft.apply(event);
  return draft.finish();
}

/**
 * Adds messages learned outside the stream: an older page, or the answer to a PUT. They carry no event id, so they
 * may be older than what is shown: they add what is unknown and change nothing else.
 */
export function adopt(view: ChatView, messages: readonly Message[]): ChatView {
  let families = view.families;
  for (const message of messages) {
    if (message.siblings) families = heard(families, parentOf(message), message.siblings);
  }
  const unknown = messages.filter((message) => !view.messages.has(message.id));
  if (unknown.length === 0) return families === view.families ? view : { ...view, families };
  const merged = new Map(view.messages);
  for (const message of unknown) {
    const turn = message.turn_id === null ? undefined : view.turns.get(message.turn_id);
    const adopted = shown(message);
    // Its turn may have gone on since the page was made, told by events that had no message to go to.
    merged.set(message.id, turn && isInProgress(message.state) ? withTurn(adopted, turn) : adopted);
  }
  return { ...view, messages: merged, families, path: pathTo(view.headId, merged, view.path) };
}

/** Lets messages go that are far from what is being read. Those in progress stay, or their text would have holes. */
export function letGo(view: ChatView, keep: ReadonlySet<string>): ChatView {
  const kept = [...view.messages].filter(([id, message]) => keep.has(id) || isInProgress(message.state));
  if (kept.length === view.messages.size) return view;
  const messages = new Map(kept);
  const turnIds = new Set(kept.map(([, message]) => message.turn_id));
  return {
    ...view,
    messages,
    families: new Map([...view.families].filter(([parent]) => parent === ROOT || messages.has(parent))),
    turns: new Map([...view.turns].filter(([id, turn]) => turnIds.has(id) || isInProgress(turn.state))),
    path: pathTo(view.headId, messages, view.path),
  };
}

/**
 * The view for a new connection, which starts after `resumeAfter`, or with a snapshot where that is null. Everything
 * shown stays. Also after a part of a snapshot nothing may be skipped, hence the step back to `resumeAfter`.
 */
export function reconnected(view: ChatView): ChatView {
  const resumeAfter = view.needsResync ? null : view.resumeAfter;
  return { ...view, seq: resumeAfter ?? 0, resumeAfter, needsResync: false, snapshot: null };
}

/** The view once the server has refused our place in the stream: the next connection asks for a snapshot. */
export function placeLost(view: ChatView): ChatView {
  return { ...view, needsResync: true };
}

/** The current branch, oldest first, as far back as its messages are known. */
export function branch(view: ChatView): ShownMessage[] {
  return view.path.map((id) => view.messages.get(id)!);
}

/** The ids from the farthest known ancestor down to `endId`. */
export function lineTo(endId: string | null, messages: ReadonlyMap<string, Message>): string[] {
  const line: string[] = [];
  const seen = new Set<string>();
  let id = endId;
  while (id !== null && !seen.has(id)) {
    seen.add(id);
    const message = messages.get(id);
    if (!message) break;
    line.push(id);
    id = message.parent_id;
  }
  return line.reverse();
}

/** All that stand beside a message, itself included, oldest first, without what was deleted. */
export function siblingsOf(view: ChatView, message: Message): readonly string[] {
  const ids = view.families.get(message.parent_id ?? ROOT)?.ids ?? [];
  const left = ids.filter((id) => id === message.id || !view.hidden.has(id));
  return left.includes(message.id) ? left : [...left, message.id];
}

class Draft {
  #view: ChatView;
  #messages: Map<string, ShownMessage> | null = null;
  #turns: Map<string, Turn> | null = null;
  /** Whether the branch may be another one than before. */
  #reshaped = false;

  constructor(view: ChatView) {
    this.#view = view;
  }

  apply(event: ChatEvent): void {
    if (event.seq < this.#view.seq || this.#view.needsResync) return;
    this.#advance(event);
    if (event.kind === "message") this.#message(event.data);
    else if (event.kind === "turn") this.#turn(event.data);
    else if (event.kind === "delta") this.#delta(event.data);
    else if (event.kind === "hidden") this.#hidden(event.data);
    else this.#head(event.data);
  }

  finish(): ChatView {
    const messages = this.#messages ?? this.#view.messages;
    const path = this.#reshaped ? pathTo(this.#view.headId, messages, this.#view.path) : this.#view.path;
    return { ...this.#view, messages, path, turns: this.#turns ?? this.#view.turns };
  }

  /**
   * All events of a snapshot may share one id, so having seen an id does not mean having seen all that carries it. It is
   * safe to resume after an id once a later one has arrived, or at `head`, which ends a snapshot.
   */
  #advance(event: ChatEvent): void {
    const { seq, resumeAfter } = this.#view;
    let resumable = resumeAfter;
    if (event.kind === "head") resumable = event.seq;
    else if (resumeAfter !== null && seq < event.seq) resumable = Math.max(resumeAfter, seq);
    this.#view = { ...this.#view, seq: event.seq, resumeAfter: resumable };
  }

  #message(message: Message): void {
    this.#family(message);
    const known = this.#known(message.id);
    if (!known) {
      this.#put(shown(message));
      this.#reshaped = true;
      return;
    }
    const turn = message.turn_id === null ? undefined : this.#knownTurn(message.turn_id);
    // An ended turn stays ended: a repeat of the placeholder must not bring the waiting dots back.
    const ended = turn !== undefined && !isInProgress(turn.state) && isInProgress(message.state);
    const state = ended ? known.state : message.state;
    const error = ended ? known.error : (message.error ?? null);
    const text = grown(known, message.text);
    // A snapshot repeats every message: keeping the object keeps the page from drawing it again.
    const same =
      state === known.state && text.length === known.length && message.turn_id === known.turn_id &&
      message.parent_id === known.parent_id && error === null && known.error === null;
    if (!same) this.#put({ ...message, ...text, state, error });
  }

  #family(message: Message): void {
    const siblings = message.siblings;
    if (!siblings) {
      this.#view = { ...this.#view, families: born(this.#view.families, message) };
      return;
    }
    this.#mention(message.id);
    const { families, hidden } = this.#view;
    const back = siblings.some((id) => hidden.has(id));
    this.#view = {
      ...this.#view,
      families: told(families, parentOf(message), siblings),
      hidden: back ? new Set([...hidden].filter((id) => !siblings.includes(id))) : hidden,
    };
  }

  /** A snapshot tells of a message. It comes instead of events, which may have told of more than it does. */
  #mention(id: string): void {
    const { families, snapshot, stale } = this.#view;
    this.#view = {
      ...this.#view,
      families: snapshot === null ? doubted(families) : families,
      snapshot: new Set(snapshot ?? []).add(id),
      stale: stale.has(id) ? new Set([...stale].filter((one) => one !== id)) : stale,
    };
  }

  #endSnapshot(): void {
    const { snapshot, stale } = this.#view;
    if (snapshot === null) return;
    const now = new Set(stale);
    for (const [id, { state }] of this.#messages ?? this.#view.messages) {
      if (isInProgress(state) && !snapshot.has(id)) now.add(id);
    }
    this.#view = { ...this.#view, snapshot: null, stale: now };
  }

  #turn(turn: Turn): void {
    const before = this.#knownTurn(turn.id);
    if (before && !isInProgress(before.state) && isInProgress(turn.state)) return;
    this.#turns ??= new Map(this.#view.turns);
    this.#turns.set(turn.id, turn);
    if (this.#view.snapshot !== null) this.#mention(turn.message_id);
    const message = this.#known(turn.message_id);
    if (message) this.#put(withTurn(message, turn));
  }

  #delta(delta: Delta): void {
    const message = this.#known(delta.message_id);
    // A reply on another branch. Should it come to be shown, its text is sent, or its hole noticed, then.
    if (!message) return;
    if (delta.offset > message.length) {
      this.#askForResync();
      return;
    }
    const fresh = dropCodePoints(delta.text, message.length - delta.offset);
    if (fresh === "") return;
    this.#put({ ...message, text: message.text + fresh, length: message.length + codePointLength(fresh) });
  }

  #head(head: Head): void {
    if (head.head_id !== null && !this.#reachable(head.head_id)) {
      this.#view = { ...this.#view, missingHead: head.head_id };
      this.#askForResync();
      return;
    }
    if (head.head_id !== this.#view.headId) this.#reshaped = true;
    this.#view = { ...this.#view, headId: head.head_id, missingHead: null };
    this.#endSnapshot();
  }

  /**
   * Whether the branch to a message can be shown without taking away what stands before it: it goes back to what is
   * shown, or to the chat's beginning. What a snapshot shows goes back as far as the snapshot does.
   */
  #reachable(id: string): boolean {
    const known = this.#messages ?? this.#view.messages;
    if (!known.has(id) || this.#view.snapshot !== null) return known.has(id);
    if (id === this.#view.headId) return true;
    const line = lineTo(id, known);
    if (this.#view.stale.size > 0 && line.some((one) => this.#view.stale.has(one))) return false;
    const first = known.get(line[0]!)!;
    return first.parent_id === null || first.id === this.#view.path[0];
  }

  #hidden({ message_id, hidden }: Hidden): void {
    const now = new Set(this.#view.hidden);
    if (hidden) now.add(message_id);
    else now.delete(message_id);
    const known = this.#known(message_id);
    const placed = known !== undefined && this.#view.families.get(parentOf(known))?.ids.includes(message_id) === true;
    // One that comes back and was never seen in its place: where that is, only the server knows.
    const families = hidden || placed ? this.#view.families : doubted(this.#view.families);
    this.#view = { ...this.#view, hidden: now, families };
  }

  #askForResync(): void {
    this.#view = { ...this.#view, needsResync: true };
  }

  #known(id: string): ShownMessage | undefined {
    return (this.#messages ?? this.#view.messages).get(id);
  }

  #knownTurn(id: string): Turn | undefined {
    return (this.#turns ?? this.#view.turns).get(id);
  }

  #put(message: ShownMessage): void {
    this.#messages ??= new Map(this.#view.messages);
    this.#messages.set(message.id, message);
  }
}

/** The branch that ends at the head; the same array as `before` where it is the same branch. */
function pathTo(headId: string | null, messages: ReadonlyMap<string, ShownMessage>, before: readonly string[]): readonly string[] {
  const path = lineTo(headId, messages);
  return path.length === before.length && path.every((id, index) => id === before[index]) ? before : path;
}

function shown(message: Message): ShownMessage {
  return { ...message, error: message.error ?? null, length: codePointLength(message.text) };
}

function withTurn(message: ShownMessage, turn: Turn): ShownMessage {
  return { ...message, ...grown(message, turn.text), turn_id: turn.id, state: turn.state, error: turn.error };
}

/** The longer of what is shown and what a whole-text event says, provided that the second goes on from the first. */
function grown(known: ShownMessage, text: string): { text: string; length: number } {
  if (text.length <= known.text.length || !text.startsWith(known.text)) return { text: known.text, length: known.length };
  return { text, length: codePointLength(text) };
}
