/**
 * A model of the server's side of a chat's event stream, written from the contract and not from the client: it keeps
 * a log of events and answers a connection with a replay or a snapshot. Pure; the story is an argument.
 */
import fc from "fast-check";
import type { ChatEvent } from "../src/lib/stream";
import type { Attempt, Message, Problem, Turn, TurnState } from "../src/lib/wire";

export const CHAT = "chat";

export const brokenModel: Problem = {
  code: "model_failed",
  fault: "model",
  title: "The model gave up",
  detail: null,
  remedy: "Try again.",
  saved: true,
};

/** One exchange: what the person says, and how the reply comes about. */
export interface Exchange {
  readonly ask: string;
  /** Pieces of the reply; null is a worker's death, after which another takes over. */
  readonly pieces: readonly (string | null)[];
  readonly end: "done" | "stopped" | "failed" | "open";
  readonly swipe: boolean;
  /** What the person does once the reply has ended, with one of the chat's messages: that many before the last. */
  readonly then?: readonly { readonly act: "edit" | "swipe" | "rewind" | "hide" | "restore"; readonly back: number }[];
}

const text = fc.string({ unit: fc.constantFrom("a", " ", "é", "👋", "🏽", "\n", "*", "ب", "\u200d"), maxLength: 6 });

export const exchange: fc.Arbitrary<Exchange> = fc.record({
  ask: text,
  pieces: fc.array(fc.option(text.filter((piece) => piece !== ""), { freq: 5 }), { maxLength: 8 }),
  end: fc.constantFrom("done", "stopped", "failed", "done"),
  swipe: fc.boolean(),
  then: fc.array(
    fc.record({ act: fc.constantFrom("edit", "swipe", "rewind", "hide", "restore"), back: fc.nat({ max: 6 }) }),
    { maxLength: 3 },
  ),
});

/** A story whose last reply may still be under way. */
export const story: fc.Arbitrary<Exchange[]> = fc
  .tuple(fc.array(exchange, { maxLength: 4 }), exchange, fc.boolean())
  .map(([before, last, open]) => [...before, open ? { ...last, end: "open" as const } : last]);

interface State {
  readonly messages: readonly Message[];
  readonly turns: readonly Turn[];
  readonly headId: string | null;
  /** What was deleted, with what the head was then. */
  readonly hidden: ReadonlyMap<string, string | null>;
}

export class Storyteller {
  readonly log: ChatEvent[] = [];
  /** The state after each event of the log; index 0 is the beginning. */
  readonly states: State[] = [{ messages: [], turns: [], headId: null, hidden: new Map() }];
  #count = 0;

  constructor(exchanges: readonly Exchange[]) {
    this.#say("character", "Hello! 👋", null);
    this.#say("character", "Or: hello again.", null);
    this.#moveHead("m1");
    for (const one of exchanges) this.#exchange(one);
  }

  get now(): State {
    return this.states.at(-1)!;
  }

  /** What a connection made when the log had `at` events receives: everything up to the end of the log. */
  connect(after: number | null, at: number, tooOld = false): ChatEvent[] {
    if (after === null || tooOld) return [...this.snapshot(at), ...this.log.slice(this.#boundary(at))];
    return this.log.filter((event) => event.seq > after);
  }

  /** The snapshot when the log had `position` events, or just before the transaction that this lies within. */
  snapshot(position: number): ChatEvent[] {
    const at = this.#boundary(position);
    const seq = this.log[at - 1]?.seq ?? 0;
    const state = this.states[at]!;
    const path = branchOf(state);
    const running = state.turns.filter((turn) => turn.state === "queued" || turn.state === "running");
    return [
      ...path.map((message) => {
        const data = { ...message, siblings: siblingsIn(state, message) };
        return { seq, kind: "message" as const, data: running.some((t) => t.message_id === data.id) ? { ...data, text: "" } : data };
      }),
      ...running.map((data) => ({ seq, kind: "turn" as const, data: { ...data, text: "", offset: 0 } })),
      ...running.map((turn) => ({
        seq,
        kind: "delta" as const,
        data: { turn_id: turn.id, message_id: turn.message_id, offset: 0, text: turn.text },
      })),
      { seq, kind: "head" as const, data: { chat_id: CHAT, head_id: state.headId } },
    ];
  }

  /** Where the log is at least, once its first `position` events have been told: transactions are told whole. */
  committed(position: number): number {
    let at = position;
    while (this.#boundary(at) < at) at += 1;
    return at;
  }

  /** A new message is one transaction, from its first `message` to its `head`: nobody sees half of it. */
  #boundary(position: number): number {
    let boundary = 0;
    let within = false;
    for (let i = 0; i < position; i += 1) {
      const { kind } = this.log[i]!;
      within = kind === "message" || kind === "hidden" || (within && kind !== "head");
      if (!within) boundary = i + 1;
    }
    return boundary;
  }

  #exchange(one: Exchange): void {
    const ask = this.#say("user", one.ask, this.now.headId);
    this.#reply(ask, one.pieces, one.end);
    if (one.end === "open") return;
    if (one.swipe) this.#reply(ask, ["another ", "one"], "done");
    for (const { act, back } of one.then ?? []) this.#act(act, back);
  }

  #act(act: NonNullable<Exchange["then"]>[number]["act"], back: number): void {
    const shown = this.now.messages.filter((message) => !isHiddenIn(this.now, message));
    const message = shown.at(-1 - (back % shown.length));
    if (act === "restore") {
      const [id, head] = [...this.now.hidden].at(-1) ?? [];
      if (id === undefined) return;
      this.#hide(id, false);
      const was = this.now.messages.find((one) => one.id === head);
      this.#moveHead(was && !isHiddenIn(this.now, was) ? was.id : this.now.headId);
    } else if (!message) return;
    else if (act === "edit") this.#moveHead(this.#say(message.role, `${message.text}!`, message.parent_id));
    else if (act === "swipe") this.#moveHead(leafOf(this.now, message.id));
    else if (act === "rewind") this.#moveHead(message.id);
    // The last root stays: a chat without any begins anew, which is another story.
    else if (message.parent_id !== null || siblingsIn(this.now, message).length > 1) {
      const onBranch = branchOf(this.now).some(({ id }) => id === message.id);
      this.#hide(message.id, true);
      const beside = siblingsIn(this.now, message).at(-1);
      this.#moveHead(!onBranch ? this.now.headId : beside === undefined ? message.parent_id : leafOf(this.now, beside));
    }
  }

  #hide(id: string, hidden: boolean): void {
    const now = new Map(this.now.hidden);
    if (hidden) now.set(id, this.now.headId);
    else now.delete(id);
    this.#tell({ seq: 0, kind: "hidden", data: { chat_id: CHAT, message_id: id, hidden } }, { hidden: now });
  }

  #reply(parent: string, pieces: Exchange["pieces"], end: Exchange["end"]): void {
    const turnId = `t${this.#count + 1}`;
    const id = this.#say("character", "", parent, turnId);
    let attempts: Attempt[] = [];
    const turn = (state: TurnState, text: string): void =>
      this.#turn({
        id: turnId,
        chat_id: CHAT,
        message_id: id,
        state,
        text,
        offset: [...text].length,
        attempts,
        error: state === "failed" ? brokenModel : null,
      });
    const begin = (text: string): void => {
      attempts = [...attempts, attempt(attempts.length + 1)];
      turn("running", text);
    };
    turn("queued", "");
    this.#moveHead(id);
    begin("");
    let text = "";
    for (const piece of pieces) {
      if (piece === null) {
        turn("queued", text);
        begin(text);
        continue;
      }
      this.#delta(turnId, id, text, piece);
      text += piece;
    }
    if (end !== "open") turn(end, text);
  }

  #say(role: Message["role"], text: string, parent_id: string | null, turn_id: string | null = null): string {
    const id = `m${(this.#count += 1)}`;
    const state: TurnState = turn_id === null ? "done" : "queued";
    const message: Message = {
      id, chat_id: CHAT, parent_id, role, author: role, text, created_at: "", turn_id, state, error: null, siblings: null,
    };
    this.#tell({ seq: 0, kind: "message", data: message }, { messages: [...this.now.messages, message] });
    return id;
  }

  #moveHead(id: string | null): void {
    this.#tell({ seq: 0, kind: "head", data: { chat_id: CHAT, head_id: id } }, { headId: id });
  }

  #turn(turn: Turn): void {
    const { id, message_id, state, text, error } = turn;
    this.#tell(
      { seq: 0, kind: "turn", data: turn },
      {
        turns: [...this.now.turns.filter((one) => one.id !== id), turn],
        messages: this.now.messages.map((one) => (one.id === message_id ? { ...one, state, text, error } : one)),
      },
    );
  }

  #delta(turn_id: string, message_id: string, before: string, piece: string): void {
    this.#tell(
      { seq: 0, kind: "delta", data: { turn_id, message_id, offset: [...before].length, text: piece } },
      {
        turns: this.now.turns.map((one) => (one.id === turn_id ? { ...one, text: before + piece } : one)),
        messages: this.now.messages.map((one) => (one.id === message_id ? { ...one, text: before + piece } : one)),
      },
    );
  }

  #tell(event: ChatEvent, change: Partial<State>): void {
    // Other chats use up numbers too: ids grow, but not by one.
    const seq = (this.log.at(-1)?.seq ?? 40) + 1 + (this.log.length % 3);
    this.log.push({ ...event, seq });
    this.states.push({ ...this.now, ...change });
  }
}

/** Whether a message, or one that it follows from, was deleted. */
export function isHiddenIn(state: State, message: Message): boolean {
  for (let one: Message | undefined = message; one; one = state.messages.find(({ id }) => id === one?.parent_id)) {
    if (state.hidden.has(one.id)) return true;
  }
  return false;
}

/** All that are shown beside a message, itself included, the oldest first. */
export function siblingsIn(state: State, message: Message): string[] {
  const beside = state.messages.filter((one) => one.parent_id === message.parent_id && !state.hidden.has(one.id));
  return beside.map(({ id }) => id);
}

/** The newest that follows from a message. */
function leafOf(state: State, id: string): string {
  const child = state.messages.findLast((one) => one.parent_id === id && !state.hidden.has(one.id));
  return child ? leafOf(state, child.id) : id;
}

export function branchOf(state: State): Message[] {
  const path: Message[] = [];
  for (let id = state.headId; id !== null; ) {
    const message = state.messages.find((one) => one.id === id)!;
    path.unshift(message);
    id = message.parent_id;
  }
  return path;
}

function attempt(n: number): Attempt {
  return { n, worker: `worker-${n}`, backend: "scripted", started_at: "2026-01-01T00:00:00Z", ended_at: null, outcome: null };
}
