import { expect, it } from "vitest";
import { nearPace } from "../src/lib/pace";

const NOW = Date.parse("2026-11-26T12:00:00.000Z");
const said = (secondsAgo: number, role: "user" | "character" = "user") => ({
  role,
  created_at: new Date(NOW - secondsAgo * 1000).toISOString(),
});

it("counts one's own messages of the last minute, and says nothing far from the limit", () => {
  const four = [said(1), said(30), said(59), said(59.9), said(61), said(5, "character")];
  expect(nearPace(four, 5, NOW)).toBe(4);
  expect(nearPace(four, 6, NOW)).toBeNull();
});

it("knows that 0 is no limit", () => {
  expect(nearPace([said(1)], 0, NOW)).toBeNull();
});
