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
}

const text = fc.string({ unit: fc.constantFrom("a", " ", "é", "👋", "🏽", "\n", "*", "ب", "\u200d"), maxLength: 6 });

export const exchange: fc.Arbitrary<Exchange> = fc.record({
  ask: text,
  pieces: fc.array(fc.option(text.filter((piece) => piece !== ""), { freq: 5 }), { maxLength: 8 }),
  end: fc.constantFrom("done", "stopped", "failed", "done"),
  swipe: fc.boolean(),
});

/** A story whose last reply may still be under way. */
export const story: fc.Arbitrary<Exchange[]> = fc
  .tuple(fc.array(exchange, { maxLength: 4 }), exchange, fc.boolean())
  .map(([before, last, open]) => [...before, open ? { ...last, end: "open" as const } : last]);

interface State {
  readonly messages: readonly Message[];
  readonly turns: readonly Turn[];
  readonly headId: string | null;
}

export class Storyteller {
  readonly log: ChatEvent[] = [];
  /** The state after each event of the log; index 0 is the beginning. */
  readonly states: State[] = [{ messages: [], turns: [], headId: null }];
  #count = 0;

  constructor(exchanges: readonly Exchange[]) {
    this.#say("character", "Hello! 👋", null);
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
      ...path.map((data) => ({ seq, kind: "message" as const, data: running.some((t) => t.message_id === data.id) ? { ...data, text: "" } : data })),
      ...running.map((data) => ({ seq, kind: "turn" as const, data: { ...data, text: "", offset: 0 } })),
      ...running.map((turn) => ({
        seq,
        kind: "delta" as const,
        data: { turn_id: turn.id, message_id: turn.message_id, offset: 0, text: turn.text },
      })),
      { seq, kind: "head" as const, data: { chat_id: CHAT, head_id: state.headId } },
    ];
  }

  /** A new message is one transaction, from its first `message` to its `head`: nobody sees half of it. */
  #boundary(position: number): number {
    let boundary = 0;
    let within = false;
    for (let i = 0; i < position; i += 1) {
      const { kind } = this.log[i]!;
      within = kind === "message" || (within && kind !== "head");
      if (!within) boundary = i + 1;
    }
    return boundary;
  }

  #exchange(one: Exchange): void {
    const ask = this.#say("user", one.ask, this.now.headId);
    this.#reply(ask, one.pieces, one.end);
    if (one.swipe && one.end !== "open") this.#reply(ask, ["another ", "one"], "done");
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
    const message: Message = { id, chat_id: CHAT, parent_id, role, author: role, text, created_at: "", turn_id, state, error: null };
    this.#tell({ seq: 0, kind: "message", data: message }, { messages: [...this.now.messages, message] });
    return id;
  }

  #moveHead(id: string): void {
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
  return { n, worker: `worker-${n}`, backend: "scripted", started_at: null, ended_at: null, outcome: null };
}
