import { describe, expect, it, vi } from "vitest";
import { chatEvent, follow, SILENCE_LIMIT_S, type Link } from "../src/lib/follow";
import { ProblemError, unreachable } from "../src/lib/problem";
import { Backoff } from "../src/lib/reconnect";
import { branch, emptyView, type ChatEvent, type ChatView } from "../src/lib/stream";
import { Storyteller } from "./storyteller";

const server = new Storyteller([
  { ask: "Hi", pieces: ["One ", "two 👋", null, " three"], end: "done", swipe: false },
]);
const END = server.log.length;

const frame = (event: ChatEvent): string => `id: ${event.seq}\nevent: ${event.kind}\ndata: ${JSON.stringify(event.data)}\n\n`;

/** An answer whose bytes are cut in the middle of characters and frames. */
function answer(events: readonly ChatEvent[], cut = 0): Response {
  const bytes = new TextEncoder().encode(": keep-alive\n\n" + events.map(frame).join(""));
  const whole = bytes.slice(0, bytes.length - cut);
  return new Response(
    new ReadableStream({
      start(controller) {
        for (let i = 0; i < whole.length; i += 7) controller.enqueue(whole.slice(i, i + 7));
        controller.close();
      },
    }),
  );
}

interface Run {
  readonly asked: (number | null)[];
  readonly links: Link[];
  readonly view: () => ChatView;
  readonly done: Promise<void>;
}

/** Follows through the given answers and stops at the wait after the last. */
function run(answers: (Response | ProblemError)[], start: ChatView = emptyView): Run {
  const asked: (number | null)[] = [];
  const links: Link[] = [];
  const gone = new AbortController();
  let view = start;
  const done = follow({
    signal: gone.signal,
    backoff: new Backoff(() => 0),
    view: () => view,
    onView: (next) => (view = next),
    onLink: (link) => links.push(link),
    open: (after) => {
      asked.push(after);
      const next = answers.shift()!;
      return next instanceof Response ? Promise.resolve(next) : Promise.reject(next);
    },
    wait: () => {
      if (answers.length === 0) gone.abort();
      return Promise.resolve();
    },
  });
  return { asked, links, view: () => view, done };
}

const refusal = (status: number): ProblemError => new ProblemError({ ...unreachable, status });

describe("following a chat", () => {
  it("goes on after a lost connection from the place reached, with no gap and no repeat (promise 4)", async () => {
    const half = 8; // of which the last is cut: the place reached is the `head` before it
    const r = run([
      answer([...server.snapshot(0), ...server.log.slice(0, half)], 5),
      refusal(503),
      answer(server.connect(server.log[6]!.seq, END)),
    ]);
    await r.done;
    expect(r.asked).toEqual([null, server.log[6]!.seq, server.log[6]!.seq]);
    expect(branch(r.view()).map((m) => m.text)).toEqual(["Hello! 👋", "Hi", "One two 👋 three"]);
    expect(r.links).toEqual(["connecting", "live", "reconnecting", "reconnecting", "live", "reconnecting"]);
  });

  it("asks for a snapshot where the server does not know the place", async () => {
    const r = run([answer(server.snapshot(4)), refusal(400), answer(server.snapshot(END))]);
    await r.done;
    expect(r.asked).toEqual([null, server.log[2]!.seq, null]);
    expect(r.view().headId).toBe(server.now.headId);
  });

  it("asks for a snapshot at a hole in the text", async () => {
    const deltas = server.log.filter((event) => event.kind === "delta");
    const holed = server.log.filter((event) => event !== deltas[0]);
    const r = run([answer([...server.snapshot(0), ...holed]), answer(server.snapshot(END))]);
    await r.done;
    expect(r.asked).toEqual([null, null]);
    expect(branch(r.view()).at(-1)!.text).toBe("One two 👋 three");
  });

  it("takes a stream that has fallen silent for dead, but not one that keeps itself alive", async () => {
    vi.useFakeTimers();
    try {
      const streams: ReadableStreamDefaultController<Uint8Array>[] = [];
      const gone = new AbortController();
      const following = follow({
        signal: gone.signal,
        view: () => emptyView,
        onView: () => {},
        onLink: () => {},
        wait: () => Promise.resolve(),
        open: (_, signal) => {
          const body = new ReadableStream<Uint8Array>({
            start(controller) {
              streams.push(controller);
              signal.addEventListener("abort", () => controller.error(signal.reason));
            },
          });
          return Promise.resolve(new Response(body));
        },
      });
      for (let i = 0; i < 4; i += 1) {
        await vi.advanceTimersByTimeAsync((SILENCE_LIMIT_S - 1) * 1000);
        streams[0]!.enqueue(new TextEncoder().encode(": keep-alive\n\n"));
        await vi.advanceTimersByTimeAsync(0);
      }
      expect(streams).toHaveLength(1);
      await vi.advanceTimersByTimeAsync(SILENCE_LIMIT_S * 1000);
      expect(streams).toHaveLength(2);
      gone.abort();
      await following;
    } finally {
      vi.useRealTimers();
    }
  });

  it("ends with the reason where the server refuses for good", async () => {
    await expect(run([refusal(404)]).done).rejects.toMatchObject({ problem: { status: 404 } });
    await expect(run([refusal(400)]).done).rejects.toMatchObject({ problem: { status: 400 } });
  });

  it("passes over kinds it does not know and data it cannot read", () => {
    expect(chatEvent({ id: "1", event: "weather", data: "{}" })).toEqual([]);
    expect(chatEvent({ id: "x", event: "turn", data: "{}" })).toEqual([]);
    expect(chatEvent({ id: "1", event: "turn", data: "{half" })).toEqual([]);
    expect(chatEvent({ id: "1", event: "head", data: '{"head_id":null}' })).toHaveLength(1);
  });
});
