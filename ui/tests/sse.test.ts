import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SseParser, type SseFrame } from "../src/lib/sse";

function parse(...chunks: string[]): SseFrame[] {
  const parser = new SseParser();
  return chunks.flatMap((chunk) => parser.feed(chunk));
}

describe("an event stream", () => {
  it("is read frame by frame", () => {
    expect(parse("id: 1\nevent: delta\ndata: {}\n\nid: 2\nevent: head\ndata: x\n\n")).toEqual([
      { id: "1", event: "delta", data: "{}" },
      { id: "2", event: "head", data: "x" },
    ]);
  });

  it("joins data lines, strips one space only, and ignores comments, unknown fields and empty frames", () => {
    expect(parse(": keep-alive\n\nretry: 5\nfoo: bar\ndata:  a\ndata:b\ndata\n\n")).toEqual([
      { id: "", event: "message", data: " a\nb\n" },
    ]);
  });

  it("forgets the event name after each frame but keeps the id", () => {
    expect(parse("id: 7\nevent: turn\ndata: a\n\ndata: b\n\n")).toEqual([
      { id: "7", event: "turn", data: "a" },
      { id: "7", event: "message", data: "b" },
    ]);
  });

  it("gives nothing for a frame that was cut off", () => {
    expect(parse("id: 1\ndata: whole\n\nid: 2\ndata: half\n")).toEqual([{ id: "1", event: "message", data: "whole" }]);
  });

  it("skips a byte order mark at the start only", () => {
    expect(parse("", "\uFEFFdata: a\n\n", "data: \uFEFFb\n\n").map((frame) => frame.data)).toEqual(["a", "\uFEFFb"]);
  });

  it("reads the same frames wherever the chunks are cut and whichever line ends are used", () => {
    const line = fc.string({ unit: "grapheme" }).map((text) => text.replace(/[\r\n\0\uFEFF]/g, ""));
    const frame = fc.record({ id: fc.nat(), event: fc.constantFrom("delta", "turn"), data: fc.array(line, { minLength: 1 }) });
    const ending = fc.constantFrom("\n", "\r", "\r\n");
    fc.assert(
      fc.property(fc.array(frame), ending, fc.array(fc.nat({ max: 30 })), (frames, eol, cuts) => {
        const text = frames
          .map((f) => [`id: ${f.id}`, `event: ${f.event}`, ...f.data.map((d) => `data: ${d}`), "", ""].join(eol))
          .join(`: keep-alive${eol}${eol}`);
        const chunks: string[] = [];
        let at = 0;
        for (const size of cuts) chunks.push(text.slice(at, (at += size)));
        chunks.push(text.slice(at));
        expect(parse(...chunks)).toEqual(
          frames.map((f) => ({ id: String(f.id), event: f.event, data: f.data.join("\n") })),
        );
      }),
    );
  });
});
