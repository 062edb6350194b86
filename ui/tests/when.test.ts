import { describe, expect, it } from "vitest";
import { agoInWords, clockTime, dayInWords, spanInWords } from "../src/lib/when";

const now_ms = Date.parse("2026-06-15T12:00:00Z");

describe("an instant in words", () => {
  it.each([
    ["2026-06-15T12:00:30Z", "now"],
    ["2026-06-15T11:59:30Z", "now"],
    ["2026-06-15T11:55:00Z", "5 minutes ago"],
    ["2026-06-15T09:00:00Z", "3 hours ago"],
    ["2026-06-14T09:00:00Z", "yesterday"],
    ["2026-01-02T12:00:00Z", "Jan 2, 2026"],
    ["nonsense", ""],
  ])("%s is %s", (iso, words) => {
    expect(agoInWords(iso, now_ms, "en")).toBe(words);
  });

  it("names the day only where it was not today", () => {
    expect(clockTime("2026-06-15T11:00:00Z", now_ms, "en")).not.toContain("2026");
    expect(clockTime("2026-06-12T11:00:00Z", now_ms, "en")).toContain("2026");
    expect(clockTime("", now_ms, "en")).toBe("");
  });
});

describe("a day in words", () => {
  const now = new Date(2026, 2, 30, 0, 30).getTime();
  it.each([
    [new Date(2026, 2, 30, 23), "Today"],
    [new Date(2026, 2, 29, 0, 5), "Yesterday"],
    [new Date(2026, 2, 28), "Saturday, March 28"],
    [new Date(2025, 2, 28), "Friday, March 28, 2025"],
  ])("%s is %s, by the calendar and not by hours", (at, words) => {
    expect(dayInWords(at.toISOString(), now, "en")).toBe(words);
  });
});

describe("a length of time in words", () => {
  it.each([
    [0.2, "0 sec"],
    [0.7, "1 sec"],
    [89, "89 sec"],
    [90, "2 min"],
    [7_200, "2 hr"],
    [400_000, "5 days"],
  ])("%d seconds are %s", (seconds, words) => {
    expect(spanInWords(seconds, "en")).toBe(words);
  });
});
