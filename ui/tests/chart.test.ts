import { describe, expect, test } from "vitest";
import { line, scaleEnd, spans, summary } from "../src/lib/chart";
import type { Sample } from "../src/lib/wire";

const NOON = Date.parse("2026-01-01T12:00:00Z");
const MINUTE = 60_000;

const sample = (minute: number, told: Partial<Sample> = {}): Sample => ({
  at: new Date(NOON + minute * MINUTE).toISOString(),
  asked: 0,
  done: 0,
  failed: 0,
  waiting: 0,
  running: 0,
  first_p50_s: null,
  first_p95_s: null,
  ...told,
});

describe("spans", () => {
  test("add up what was counted and keep the highest peak", () => {
    const told = [sample(0, { asked: 2, waiting: 7, first_p50_s: 0.2, first_p95_s: 3 }), sample(4, { asked: 1, failed: 1, waiting: 1 }), sample(5, { done: 1 })];
    const [first, second] = spans(told, NOON, NOON + 10 * MINUTE, 2);
    expect(first).toEqual({ asked: 3, done: 0, failed: 1, waiting: 7, running: 0, median_s: 0.2, slow_s: 3 });
    expect(second).toMatchObject({ asked: 0, done: 1, median_s: null });
  });

  test("leave out what lies before and behind", () => {
    const told = [sample(-1, { asked: 5 }), sample(10, { asked: 5 })];
    expect(spans(told, NOON, NOON + 10 * MINUTE, 3).map(({ asked }) => asked)).toEqual([0, 0, 0]);
  });
});

test.each([
  [0, true, 4],
  [3, true, 4],
  [7, true, 10],
  [11, true, 20],
  [0, false, 1],
  [0.03, false, 0.05],
  [1.2, false, 2],
])("a scale for %s ends at a round number", (most, whole, end) => expect(scaleEnd(most, whole)).toBeCloseTo(end));

describe("a line", () => {
  test("goes from edge to edge, and never beyond the upper one", () => {
    expect(line([0, 2, 9], 4, 100, 40)).toBe("M0 40L50 20L100 0");
  });

  test("is broken where nothing is known", () => {
    expect(line([1, null, 1, 1], 1, 90, 10)).toBe("M0 0h15M60 0L90 0");
  });

  test("of nothing is nothing", () => {
    expect([line([], 1, 90, 10), line([null], 1, 90, 10)]).toEqual(["", ""]);
  });
});

test("the summary says what the lines show", () => {
  const all = spans([sample(0, { asked: 3, done: 3, failed: 1, waiting: 2, first_p50_s: 1, first_p95_s: 2 }), sample(5, { first_p50_s: 3, first_p95_s: 9 })], NOON, NOON + 10 * MINUTE, 2);
  expect(summary(all)).toEqual({ asked: 3, failed: 1, share: 0.25, mostWaiting: 2, mostRunning: 0, median_s: 1, slowest_s: 9 });
  expect(summary([])).toMatchObject({ asked: 0, share: null, median_s: null, mostWaiting: 0 });
});
