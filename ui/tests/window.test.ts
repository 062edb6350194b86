import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { around, bounds, downward, drawn, END, FIRST, MOST, settled, STEP, upward, type Pane } from "../src/lib/window";

const line = (length: number, from = 0): string[] => Array.from({ length }, (_, n) => `m${from + n}`);

describe("the pane of a long chat", () => {
  it("is at the end at first, and stays there while the line grows", () => {
    expect(drawn(line(500), END)).toEqual(line(FIRST, 500 - FIRST));
    expect(drawn(line(3), END)).toEqual(line(3));
    const now = settled(line(500), { firstId: "m460", lastId: null }, true);
    expect(drawn(line(501), now).at(-1)).toBe("m500");
  });

  it("never holds more than it should, shows a piece without a gap, and reaches every message by its steps", () => {
    const step = fc.constantFrom("up", "down", "grow", "older", "follow");
    fc.assert(
      fc.property(fc.nat({ max: 900 }), fc.array(step, { maxLength: 60 }), (length, steps) => {
        let first = 1000;
        let all = line(length, first);
        let pane: Pane = END;
        for (const one of steps) {
          const before = drawn(all, pane);
          if (one === "grow") all = [...all, ...line(7, first + all.length)];
          else if (one === "older" && first > 0) all = [...line(50, (first -= 50)), ...all];
          else if (one === "follow") pane = settled(all, pane, true);
          else if (one === "up") pane = upward(all, pane);
          else if (one === "down") pane = downward(all, pane);
          const now = drawn(all, pane);
          const { from, to } = bounds(all, pane);
          expect(now).toEqual(all.slice(from, to));
          if (one === "up" || one === "down") {
            expect(now.length).toBeLessThanOrEqual(MOST);
            // What is read is among both: something stays to hold on to.
            if (before.length > 0) expect(now.some((id) => before.includes(id))).toBe(true);
          }
          if (one === "older" && pane.firstId !== null) expect(now).toEqual(before);
        }
        for (let n = 0; n < 60; n += 1) pane = upward(all, pane);
        expect(drawn(all, pane)[0]).toBe(all[0]);
        for (let n = 0; n < 60; n += 1) pane = downward(all, pane);
        expect(drawn(all, pane).at(-1)).toBe(all.at(-1));
      }),
    );
  });

  it("stays with the reader when much comes below, and with the end for whoever follows it", () => {
    const pane: Pane = { firstId: "m0", lastId: null };
    const all = line(MOST + STEP + 1);
    expect(drawn(all, settled(all, pane, false))).toEqual(line(MOST));
    expect(drawn(all, settled(all, pane, true)).at(-1)).toBe(all.at(-1));
    expect(drawn(all, settled(all, pane, true)).length).toBe(MOST);
  });

  it("has a message that was asked for in its middle", () => {
    expect(drawn(line(1000), around(line(1000), "m500"))).toEqual(line(2 * STEP, 500 - STEP));
    expect(drawn(line(10), around(line(10), "m9"))).toEqual(line(10));
    expect(around(line(10), "gone")).toEqual(END);
  });

  it("shows the nearest piece where its messages are no longer in the line: another branch was chosen", () => {
    const other = [...line(100), ...line(200, 5000)];
    expect(drawn(other, { firstId: "m90", lastId: null })[0]).toBe("m90");
    expect(drawn(other, { firstId: "m95", lastId: "m130" })).toEqual(other.slice(95, 95 + MOST));
    expect(drawn(other, { firstId: "m110", lastId: "m130" })).toEqual(other.slice(-FIRST));
    expect(drawn([], END)).toEqual([]);
  });
});
