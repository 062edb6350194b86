import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parentOf } from "../src/lib/families";
import { adopt, branch, emptyView, letGo, merge, placeLost, reconnected, siblingsOf, type ChatEvent, type ChatView } from "../src/lib/stream";
import { takenOverFrom } from "../src/lib/turns";
import type { Message } from "../src/lib/wire";
import { branchOf, siblingsIn, story, Storyteller, type Exchange } from "./storyteller";

/** What a reader sees: the branch's texts and states. */
const seen = (view: ChatView): unknown => branch(view).map((m) => [m.id, m.text, m.state, m.error]);
const told = (server: Storyteller): unknown => branchOf(server.now).map((m) => [m.id, m.text, m.state, m.error]);
/** And what stands beside each of them, where that is known for certain. */
const beside = (view: ChatView): unknown => branch(view).map((m) => [m.id, ...siblingsOf(view, m)]);
const certain = (view: ChatView): Message[] => branch(view).filter((m) => view.families.get(parentOf(m))?.whole);
const toldBeside = (server: Storyteller): unknown => branchOf(server.now).map((m) => [m.id, ...siblingsIn(server.now, m)]);

/** Merges a connection's events; a branch that was never seen is asked for in a new snapshot, as `follow` does. */
function whole(view: ChatView, server: Storyteller, events: readonly ChatEvent[], chunks: readonly number[] = []): ChatView {
  let now = read(view, events, chunks);
  expect(now.needsResync && now.missingHead === null).toBe(false);
  if (now.needsResync) now = read(reconnected(now), server.snapshot(server.log.length));
  expect(now.needsResync).toBe(false);
  return now;
}

/** Fails where anything that was shown is no longer there. */
function expectNothingTakenBack(before: ChatView, after: ChatView): void {
  for (const [id, message] of before.messages) {
    expect(after.messages.get(id)?.text.startsWith(message.text)).toBe(true);
  }
  if (before.headId !== null) expect(after.headId).not.toBeNull();
}

/** Merges in random chunks, checking each step. */
function read(view: ChatView, events: readonly ChatEvent[], chunks: readonly number[] = []): ChatView {
  let now = view;
  let at = 0;
  for (const size of [...chunks, events.length]) {
    const next = merge(now, events.slice(at, at + size));
    at += size;
    expectNothingTakenBack(now, next);
    now = next;
  }
  return now;
}

const simple: Exchange = { ask: "Hi", pieces: ["One ", "two 👋", " three"], end: "done", swipe: false };

describe("what is shown", () => {
  it("is what the server told, from a snapshot or from live events", () => {
    fc.assert(
      fc.property(story, fc.nat(), fc.array(fc.nat({ max: 5 })), (exchanges, n, chunks) => {
        const server = new Storyteller(exchanges);
        const view = whole(emptyView, server, server.connect(null, n % (server.log.length + 1)), chunks);
        expect(seen(view)).toEqual(told(server));
      }),
    );
  });

  it("knows what stands beside each message, from a snapshot and every live event since", () => {
    fc.assert(
      fc.property(story, fc.array(fc.nat({ max: 5 })), (exchanges, chunks) => {
        const server = new Storyteller(exchanges);
        const view = read(emptyView, server.connect(null, 0), chunks);
        expect([view.needsResync, seen(view)]).toEqual([false, told(server)]);
        expect(beside(view)).toEqual(toldBeside(server));
        const anew = read(emptyView, server.snapshot(server.log.length));
        expect(beside(anew)).toEqual(toldBeside(server));
      }),
    );
  });

  it("is the same after any number of lost connections, replays and snapshots, and is never taken back", () => {
    const connection = fc.record({
      madeAt: fc.nat(),
      lostAfter: fc.nat({ max: 12 }),
      tooOld: fc.boolean(),
      twice: fc.boolean(),
      chunks: fc.array(fc.nat({ max: 4 }), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(story, fc.array(connection, { maxLength: 10 }), (exchanges, connections) => {
        const server = new Storyteller(exchanges);
        const end = server.log.length;
        let view = emptyView;
        let madeAt = 0;
        let farthest = 0;
        for (const one of connections) {
          view = reconnected(view);
          madeAt = Math.max(madeAt, one.madeAt % (end + 1));
          // No server knows less than it has told before.
          const known = server.log.filter((event) => event.seq <= farthest).length;
          const events = server.connect(view.resumeAfter, Math.max(madeAt, server.committed(known)), one.tooOld).slice(0, one.lostAfter);
          farthest = Math.max(farthest, events.at(-1)?.seq ?? 0);
          view = read(view, events, one.chunks);
          if (one.twice) view = read(view, events, one.chunks);
          expect(view.needsResync && view.missingHead === null).toBe(false);
        }
        view = reconnected(view);
        view = whole(view, server, server.connect(view.resumeAfter, end));
        expect(seen(view)).toEqual(told(server));
        // In which order, where a replay follows half a snapshot, does not matter: no server does that.
        const sorted = (ids: readonly string[]): string[] => [...ids].sort();
        for (const message of certain(view)) expect(sorted(siblingsOf(view, message))).toEqual(sorted(siblingsIn(server.now, message)));
      }),
      { numRuns: 400 },
    );
  });

  it("is the same when a replay overlaps what is known, however far back it begins", () => {
    fc.assert(
      fc.property(story, fc.nat(), fc.nat(), (exchanges, first, back) => {
        const server = new Storyteller(exchanges);
        const view = read(emptyView, [...server.snapshot(0), ...server.log.slice(0, first % (server.log.length + 1))]);
        expect(view.needsResync).toBe(false);
        const from = back % (server.log.length + 1);
        const again = read(view, server.log.slice(Math.min(from, first % (server.log.length + 1))));
        expect(again.needsResync).toBe(false);
        expect(seen(again)).toEqual(told(server));
      }),
    );
  });

  it("asks for a resync at a hole, shows nothing wrong meanwhile, and is whole after the snapshot", () => {
    fc.assert(
      fc.property(story, fc.nat(), (exchanges, n) => {
        const server = new Storyteller(exchanges);
        const lost = n % server.log.length;
        const events = server.log.filter((_, index) => index !== lost);
        let view = read(emptyView, [...server.snapshot(0), ...events]);
        for (const message of view.messages.values()) {
          const truth = server.now.messages.find((one) => one.id === message.id)!;
          expect(truth.text.startsWith(message.text)).toBe(true);
        }
        const hidesText = server.log[lost]!.kind === "delta" && server.log.slice(lost + 1).some((e) => e.kind === "delta" && e.data.message_id === (server.log[lost] as { data: { message_id: string } }).data.message_id);
        const stillGrowing = server.log.slice(lost + 1).findIndex((e) => e.kind === "turn");
        const nextDelta = server.log.slice(lost + 1).findIndex((e) => e.kind === "delta");
        if (hidesText && nextDelta >= 0 && (stillGrowing < 0 || nextDelta < stillGrowing)) expect(view.needsResync).toBe(true);
        view = reconnected(placeLost(view));
        expect(view.resumeAfter).toBeNull();
        view = read(view, server.snapshot(server.log.length));
        expect(seen(view)).toEqual(told(server));
      }),
      { numRuns: 300 },
    );
  });

  it("keeps every other message's object while one grows, so that the page need not draw it again", () => {
    const server = new Storyteller([simple, { ...simple, end: "open" }]);
    const firstHalf = server.log.slice(0, -2);
    const before = merge(emptyView, [...server.snapshot(0), ...firstHalf]);
    const after = merge(before, server.log.slice(-2));
    const grown = [...after.messages].filter(([id, message]) => before.messages.get(id) !== message);
    expect(grown.map(([id]) => id)).toEqual([after.headId]);
    const again = merge(reconnected(placeLost(after)), server.snapshot(server.log.length));
    for (const [id, message] of after.messages) expect(again.messages.get(id)!.text).toBe(message.text);
    expect([...again.messages].filter(([id, m]) => after.messages.get(id) !== m).length).toBeLessThanOrEqual(1);
  });
});

describe("a delta", () => {
  const server = new Storyteller([{ ...simple, pieces: [], end: "open" }]);
  const view = merge(emptyView, server.snapshot(server.log.length));
  const delta = (seq: number, offset: number, text: string): ChatEvent => ({
    seq,
    kind: "delta",
    data: { turn_id: "t3", message_id: view.headId!, offset, text },
  });
  const text = (v: ChatView): string => v.messages.get(view.headId!)!.text;

  it("is cut by its offset, counted in code points", () => {
    const now = merge(view, [delta(1000, 0, "👋🏽 hi"), delta(1001, 1, "🏽 hi *"), delta(1002, 2, " hi * é"), delta(1003, 0, "👋")]);
    expect(text(now)).toBe("👋🏽 hi * é");
  });

  it("beyond the end asks for a resync and changes nothing shown", () => {
    const hole = merge(view, [delta(1000, 0, "abc"), delta(1001, 4, "e")]);
    expect([text(hole), hole.needsResync]).toEqual(["abc", true]);
    expect(text(merge(hole, [delta(1002, 3, "d")]))).toBe("abc");
  });

  it("for a message on another branch is passed over, but the hole is noticed once that branch is shown", () => {
    const elsewhere = (seq: number, offset: number): ChatEvent => ({
      seq, kind: "delta", data: { turn_id: "x", message_id: "x", offset, text: "a" },
    });
    const passed = merge(view, [elsewhere(1000, 0)]);
    expect([passed.needsResync, seen(passed)]).toEqual([false, seen(view)]);
    const head: ChatEvent = { seq: 1001, kind: "head", data: { chat_id: "chat", head_id: "x" } };
    expect(merge(passed, [head]).needsResync).toBe(true);
    const known = adopt(passed, [{ ...view.messages.get(view.headId!)!, id: "x", text: "" }]);
    expect(merge(known, [elsewhere(1001, 1)]).needsResync).toBe(true);
  });

  it("that contradicts what was shown does not take it back", () => {
    const now = merge(view, [delta(1000, 0, "abc"), delta(1001, 0, "xyz!")]);
    expect(text(now)).toBe("abc!");
  });
});

describe("the place in the stream", () => {
  const server = new Storyteller([{ ...simple, end: "open" }]);
  const snapshot = server.snapshot(server.log.length);

  it("is not taken from half a snapshot", () => {
    for (let n = 0; n < snapshot.length; n += 1) expect(merge(emptyView, snapshot.slice(0, n)).resumeAfter).toBeNull();
    expect(merge(emptyView, snapshot).resumeAfter).toBe(snapshot[0]!.seq);
  });

  it("stays at the old one during a snapshot that was not asked for", () => {
    const view = { ...merge(emptyView, server.snapshot(2)), resumeAfter: server.log[1]!.seq };
    expect(merge(view, snapshot.slice(0, 3)).resumeAfter).toBe(server.log[1]!.seq);
  });

  it("is forgotten with a resync, and a server whose numbers went back is believed", () => {
    const view = merge(emptyView, snapshot.map((event) => ({ ...event, seq: 9_000 })));
    const now = merge(reconnected(placeLost(view)), snapshot.map((event) => ({ ...event, seq: 3 })));
    expect([now.seq, now.resumeAfter, now.headId]).toEqual([3, 3, view.headId]);
  });
});

describe("a turn", () => {
  const server = new Storyteller([{ ...simple, pieces: ["a", null, "b"], end: "done" }]);

  it("counts as taken over from the first worker's loss until its end", () => {
    const flags: boolean[] = [];
    let view = merge(emptyView, server.snapshot(0));
    for (const event of server.log) {
      view = merge(view, [event]);
      if (event.kind === "turn") flags.push(takenOverFrom(view.turns.get(event.data.id)!) !== null);
    }
    expect(flags).toEqual([false, false, true, true, true]);
  });

  it("that has ended stays ended, whatever is repeated later", () => {
    const view = merge(emptyView, [...server.snapshot(0), ...server.log]);
    for (let n = 0; n <= server.log.length; n += 1) {
      const echo = server.log.slice(0, n).filter((event) => event.kind !== "head");
      const now = merge(view, echo.map((event) => ({ ...event, seq: view.seq })));
      expect(seen(now)).toEqual(seen(view));
      expect([...now.turns.values()].map((turn) => turn.state)).toEqual(["done"]);
    }
  });

  it("that tells another text than was shown does not take it back", () => {
    const view = merge(emptyView, [...server.snapshot(0), ...server.log]);
    const last = server.log.at(-1)!;
    if (last.kind !== "turn") throw new Error("the story ends with its turn");
    const now = merge(view, [{ ...last, seq: view.seq + 1, data: { ...last.data, text: "a quite different text" } }]);
    expect(seen(now)).toEqual(seen(view));
  });
});

describe("a page that was read while its reply went on", () => {
  const server = new Storyteller([{ ...simple, end: "done" }]);
  const reply = server.now.headId!;
  const placeholder = (server.log.find((e) => e.kind === "message" && e.data.id === reply) as { data: Message }).data;

  it("does not bring back waiting dots that have ended, nor an older text", () => {
    const unaware = server.log.filter((event) => !(event.kind === "message" && event.data.id === reply) && event.kind !== "head");
    const view = adopt(merge(emptyView, unaware), [placeholder]);
    expect(view.messages.get(reply)).toMatchObject({ state: "done", text: "One two 👋 three" });
  });

  it("that was let go while it still grew would have a hole, so it stays", () => {
    const view = merge(emptyView, [...server.snapshot(0), ...server.log.slice(0, -1)]);
    const less = letGo(view, new Set());
    expect([...less.messages.keys()]).toEqual([reply]);
    const after = merge(less, server.log.slice(-1));
    expect(after.messages.get(reply)!.text).toBe("One two 👋 three");
    expect(adopt(after, branchOf(server.now)).path).toEqual(view.path);
  });
});

describe("a branch that was never seen", () => {
  const message = (id: string, parent_id: string | null): Message => ({
    id, chat_id: "chat", parent_id, role: "user", author: null, text: id, created_at: "", turn_id: null, state: "done",
  });
  const head = (seq: number, head_id: string): ChatEvent => ({ seq, kind: "head", data: { chat_id: "chat", head_id } });

  it("is fetched whole before it is shown: no message goes away before the others are there", () => {
    const view = merge(emptyView, [
      ...["a", "b"].map((id, n): ChatEvent => ({ seq: 5, kind: "message", data: { ...message(id, n ? "a" : null), siblings: [id] } })),
      head(6, "b"),
    ]);
    const elsewhere = merge(view, [{ seq: 7, kind: "message", data: message("z", "y") }, head(8, "z")]);
    expect([elsewhere.needsResync, elsewhere.missingHead, elsewhere.path]).toEqual([true, "z", ["a", "b"]]);
    const beside = merge(view, [{ seq: 7, kind: "message", data: message("c", "a") }, head(8, "c")]);
    expect([beside.needsResync, beside.path]).toEqual([false, ["a", "c"]]);
    expect(siblingsOf(beside, beside.messages.get("c")!)).toEqual(["b", "c"]);
  });
});

describe("an older page", () => {
  const message = (id: string, parent_id: string | null, text = id): Message => ({
    id, chat_id: "chat", parent_id, role: "user", author: null, text, created_at: "", turn_id: null, state: "done",
  });

  it("goes before what is known and changes nothing else", () => {
    const view = merge(emptyView, [
      { seq: 5, kind: "message", data: { ...message("m3", "m2"), siblings: ["m3"] } },
      { seq: 5, kind: "head", data: { chat_id: "chat", head_id: "m3" } },
    ]);
    const more = adopt(view, [message("m1", null), message("m2", "m1"), message("m3", "m2", "")]);
    expect(branch(more).map((m) => m.text)).toEqual(["m1", "m2", "m3"]);
    expect(adopt(more, [message("m1", null)])).toBe(more);
  });

  it("with a circle in it does not hang the page", () => {
    const view = adopt({ ...emptyView, headId: "a" }, [message("a", "b"), message("b", "a")]);
    expect(branch(view).map((m) => m.id)).toEqual(["b", "a"]);
  });
});
