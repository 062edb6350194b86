import { describe, expect, it } from "vitest";
import { begun, meant, moved, offset, type Pan } from "../src/lib/pan";
import { swipeOf } from "../src/chat/shortcuts";

const drag = (...to: [number, number][]): Pan | null =>
  to.reduce<Pan | null>((pan, [x, y]) => pan && moved(pan, 100 + x, 100 + y), begun(100, 100));

describe("a finger on a reply", () => {
  it("that goes up or down scrolls, and does not swipe later, however far it strays", () => {
    expect(drag([2, 14], [200, 20])).toBeNull();
    expect(drag([10, 10], [200, 20])).toBeNull();
  });

  it("that goes aside far enough brings the next or the previous reply, mirrored where one reads from the right", () => {
    expect(meant(drag([-13, 2], [-90, 40])!, false)).toBe(1);
    expect(meant(drag([13, 2], [90, 40])!, false)).toBe(-1);
    expect(meant(drag([-90, 0])!, true)).toBe(-1);
    expect(meant(drag([90, 0])!, true)).toBe(1);
  });

  it("that comes back, or barely moves, means nothing", () => {
    expect(meant(drag([-90, 0], [-20, 0])!, false)).toBe(0);
    expect(meant(drag([3, 3])!, false)).toBe(0);
  });

  it("draws the reply along, but only a little where nothing will come", () => {
    const pan = drag([-80, 0])!;
    expect([offset(pan, true), offset(pan, false)]).toEqual([-80, -20]);
  });
});

describe("the arrows", () => {
  const key = (name: string, more: object = {}): KeyboardEvent => ({ key: name, ...more }) as KeyboardEvent;

  it("lead to the versions on their side, mirrored where one reads from the right", () => {
    expect([swipeOf(key("ArrowLeft"), false), swipeOf(key("ArrowRight"), false)]).toEqual([-1, 1]);
    expect([swipeOf(key("ArrowLeft"), true), swipeOf(key("ArrowRight"), true)]).toEqual([1, -1]);
    for (const held of ["shiftKey", "ctrlKey", "altKey", "metaKey", "isComposing"]) {
      expect(swipeOf(key("ArrowLeft", { [held]: true }), false)).toBeNull();
    }
    expect(swipeOf(key("ArrowUp"), false)).toBeNull();
  });
});
