/**
 * Merges a chat's events into what is shown. Pure and framework-free: `(view, event) -> view`.
 *
 * The rules, whatever arrives, in whatever chunks, from however many connections:
 * - text only grows: a repeat is cut by its offset, and what was shown is never taken back (promises 2 and 4);
 * - an event older than what is known (by its id) changes nothing, so replays are harmless;
 * - a hole in the text, or a head that was never sent, asks for a resync (a new snapshot) and changes nothing shown.
 */
import { codePointLength, dropCodePoints } from "./codepoints";
import type { Delta, Head, Message, Problem, Turn, TurnState } from "./wire";

export type ChatEvent =
  | { readonly seq: number; readonly kind: "message"; readonly data: Message }
  | { readonly seq: number; readonly kind: "turn"; readonly data: Turn }
  | { readonly seq: number; readonly kind: "delta"; readonly data: Delta }
  | { readonly seq: number; readonly kind: "head"; readonly data: Head };

/** A message as shown. `length` is the text's length in code points, kept so that a delta costs only its own size. */
export interface ShownMessage extends Message {
  readonly length: number;
  readonly error: Problem | null;
}

export interface ChatView {
  readonly headId: string | null;
  readonly messages: ReadonlyMap<string, ShownMessage>;
  readonly turns: ReadonlyMap<string, Turn>;
  /** The id of the newest event merged. */
  readonly seq: number;
  /** What to ask for with `after=`; null while no snapshot has been received to its end. */
  readonly resumeAfter: number | null;
  readonly needsResync: boolean;
}

export const emptyView: ChatView = {
  headId: null,
  messages: new Map(),
  turns: new Map(),
  seq: 0,
  resumeAfter: null,
  needsResync: false,
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
  const unknown = messages.filter((message) => !view.messages.has(message.id));
  if (unknown.length === 0) return view;
  const merged = new Map(view.messages);
  for (const message of unknown) merged.set(message.id, shown(message));
  return { ...view, messages: merged };
}

/**
 * The view for a new connection, which starts after `resumeAfter`, or with a snapshot where that is null. Everything
 * shown stays. Also after a part of a snapshot nothing may be skipped, hence the step back to `resumeAfter`.
 */
export function reconnected(view: ChatView): ChatView {
  const resumeAfter = view.needsResync ? null : view.resumeAfter;
  return { ...view, seq: resumeAfter ?? 0, resumeAfter, needsResync: false };
}

/** The view once the server has refused our place in the stream: the next connection asks for a snapshot. */
export function placeLost(view: ChatView): ChatView {
  return { ...view, needsResync: true };
}

/** The current branch, oldest first, as far back as its messages are known. */
export function branch(view: ChatView): ShownMessage[] {
  const path: ShownMessage[] = [];
  const seen = new Set<string>();
  let id = view.headId;
  while (id !== null && !seen.has(id)) {
    seen.add(id);
    const message = view.messages.get(id);
    if (!message) break;
    path.push(message);
    id = message.parent_id;
  }
  return path.reverse();
}

export function isInProgress(state: TurnState): boolean {
  return state === "queued" || state === "running";
}

/** Whether another worker went on with the turn after its first one was lost. */
export function wasTakenOver(turn: Turn): boolean {
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

class Draft {
  #view: ChatView;
  #messages: Map<string, ShownMessage> | null = null;
  #turns: Map<string, Turn> | null = null;

  constructor(view: ChatView) {
    this.#view = view;
  }

  apply(event: ChatEvent): void {
    if (event.seq < this.#view.seq || this.#view.needsResync) return;
    this.#advance(event);
    if (event.kind === "message") this.#message(event.data);
    else if (event.kind === "turn") this.#turn(event.data);
    else if (event.kind === "delta") this.#delta(event.data);
    else this.#head(event.data);
  }

  finish(): ChatView {
    return {
      ...this.#view,
      messages: this.#messages ?? this.#view.messages,
      turns: this.#turns ?? this.#view.turns,
    };
  }

  /**
   * All events of a snapshot share one id, so having seen an id does not mean having seen all that carries it. It is
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
    const known = this.#known(message.id);
    if (!known) {
      this.#put(shown(message));
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

  #turn(turn: Turn): void {
    const before = this.#knownTurn(turn.id);
    if (before && !isInProgress(before.state) && isInProgress(turn.state)) return;
    this.#turns ??= new Map(this.#view.turns);
    this.#turns.set(turn.id, turn);
    const message = this.#known(turn.message_id);
    if (!message) return;
    this.#put({ ...message, ...grown(message, turn.text), turn_id: turn.id, state: turn.state, error: turn.error });
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
    if (head.head_id !== null && !this.#known(head.head_id)) this.#askForResync();
    else this.#view = { ...this.#view, headId: head.head_id };
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

function shown(message: Message): ShownMessage {
  return { ...message, error: message.error ?? null, length: codePointLength(message.text) };
}

/** The longer of what is shown and what a whole-text event says, provided that the second goes on from the first. */
function grown(known: ShownMessage, text: string): { text: string; length: number } {
  if (text.length <= known.text.length || !text.startsWith(known.text)) return { text: known.text, length: known.length };
  return { text, length: codePointLength(text) };
}
