/**
 * Lines over time, as paths for an SVG: samples put together in equal spans, a scale that ends at a round number, and what
 * the whole says in numbers, for those who do not see it. Framework-free and pure: time (Unix milliseconds) is an argument.
 */
import type { Sample } from "./wire";

/** A span of the chart: what was asked for and came of it, the most that waited, how soon replies began, in seconds. */
export interface Span {
  readonly asked: number;
  readonly done: number;
  readonly failed: number;
  readonly waiting: number;
  readonly running: number;
  readonly median_s: number | null;
  readonly slow_s: number | null;
}

const EMPTY: Span = { asked: 0, done: 0, failed: 0, waiting: 0, running: 0, median_s: null, slow_s: null };

/** The samples from `from` to `to` in `count` equal spans, the oldest first. Nothing is rounded away: of peaks the highest. */
export function spans(samples: readonly Sample[], from: number, to: number, count: number): readonly Span[] {
  const width = (to - from) / count;
  const within = Array.from({ length: count }, () => [] as Sample[]);
  for (const sample of samples) within[Math.floor((Date.parse(sample.at) - from) / width)]?.push(sample);
  return within.map((some) => (some.length === 0 ? EMPTY : together(some)));
}

function together(some: readonly Sample[]): Span {
  const sum = (of: (one: Sample) => number): number => some.reduce((total, one) => total + of(one), 0);
  const most = (of: (one: Sample) => number): number => Math.max(...some.map(of));
  const medians = some.flatMap(({ first_p50_s }) => first_p50_s ?? []).sort((a, b) => a - b);
  const slow = some.flatMap(({ first_p95_s }) => first_p95_s ?? []);
  return {
    asked: sum((one) => one.asked),
    done: sum((one) => one.done),
    failed: sum((one) => one.failed),
    waiting: most((one) => one.waiting),
    running: most((one) => one.running),
    median_s: medians[Math.floor((medians.length - 1) / 2)] ?? null,
    slow_s: slow.length > 0 ? Math.max(...slow) : null,
  };
}

/** The end of a scale that holds `most`: 1, 2 or 5 with zeros; whole numbers end at 4 at least. */
export function scaleEnd(most: number, whole: boolean): number {
  if (whole && most <= 4) return 4;
  if (most <= 0) return 1;
  const unit = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 5, 10].map((step) => step * unit).find((step) => step >= most)!;
}

/**
 * A line through the values in a box of `width` by `height`, the first value at the left edge and the last at the right;
 * `end` is at the upper edge. Where there is no value the line is broken; a value between two such is a short stroke.
 */
export function line(values: readonly (number | null)[], end: number, width: number, height: number): string {
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  const parts: string[] = [];
  values.forEach((value, at) => {
    if (value === null) return;
    const x = at * step;
    const y = height - (Math.min(value, end) / end) * height;
    const begins = at === 0 || values[at - 1] === null;
    const alone = begins && (values[at + 1] ?? null) === null;
    const stroke = Math.max(step / 2, 2);
    parts.push(`${begins ? "M" : "L"}${short(alone ? Math.min(x, width - stroke) : x)} ${short(y)}`);
    if (alone) parts.push(`h${short(stroke)}`);
  });
  return parts.join("");
}

const short = (value: number): string => String(Math.round(value * 100) / 100);

/** What all spans say together. `share` is that of replies that were given up; null where none ended. */
export interface Summary {
  readonly asked: number;
  readonly failed: number;
  readonly share: number | null;
  readonly mostWaiting: number;
  readonly mostRunning: number;
  readonly median_s: number | null;
  readonly slowest_s: number | null;
}

export function summary(all: readonly Span[]): Summary {
  const sum = (of: (one: Span) => number): number => all.reduce((total, one) => total + of(one), 0);
  const medians = all.flatMap(({ median_s }) => median_s ?? []).sort((a, b) => a - b);
  const slow = all.flatMap(({ slow_s }) => slow_s ?? []);
  const [failed, done] = [sum((one) => one.failed), sum((one) => one.done)];
  return {
    asked: sum((one) => one.asked),
    failed,
    share: failed + done > 0 ? failed / (failed + done) : null,
    mostWaiting: Math.max(0, ...all.map(({ waiting }) => waiting)),
    mostRunning: Math.max(0, ...all.map(({ running }) => running)),
    median_s: medians[Math.floor((medians.length - 1) / 2)] ?? null,
    slowest_s: slow.length > 0 ? Math.max(...slow) : null,
  };
}
