import { describe, expect, it } from "vitest";
import { groupedByDay, shortWhen } from "../src/lib/days";

const NOW = new Date(2026, 2, 30, 0, 30).getTime();
const local = (...at: [number, number, number, number?, number?]): string => new Date(...at).toISOString();

describe("groupedByDay", () => {
  it("parts by the calendar, not by hours", () => {
    const instants = [
      local(2026, 2, 30, 0, 10),
      local(2026, 2, 29, 23, 50), // forty minutes ago, and yesterday
      local(2026, 2, 29, 0, 5), // the night of a changed clock, where there is one
      local(2026, 2, 28),
      local(2026, 2, 24),
      local(2026, 2, 23),
      local(2026, 1, 1),
      local(2025, 1, 1),
    ];
    const groups = groupedByDay(instants, (one) => one, NOW, "en");
    expect(groups.map((group) => [group.key, group.items.length])).toEqual([
      ["today", 1],
      ["yesterday", 2],
      ["week", 2],
      ["March", 1],
      ["February", 1],
      ["February 2025", 1],
    ]);
  });

  it("takes the future for today, and no instant for the group before it", () => {
    const groups = groupedByDay([local(2026, 3, 2), "", local(2026, 2, 29), "?"], (one) => one, NOW);
    expect(groups.map((group) => [group.key, group.items.length])).toEqual([
      ["today", 2],
      ["yesterday", 2],
    ]);
  });
});

it.each([
  [local(2026, 2, 29, 18, 5), "18:05"],
  [local(2026, 2, 26), "Thu"],
  [local(2026, 0, 7), "7 Jan"],
  ["never", ""],
])("says shortly when: %s", (iso, expected) => expect(shortWhen(iso, NOW, "en-GB")).toBe(expected));
