/** Keys mean what the table of shortcuts says. */
import { describe, expect, test } from "vitest";
import { Keys, matches, worksWhileWriting, type Pressed } from "../src/lib/chords";

const press = (key: string, held: Partial<Pressed> = {}): Pressed => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...held,
});

describe("a chord", () => {
  test("Mod is Ctrl or ⌘, and has to be held", () => {
    expect(matches("Mod+k", press("k", { ctrlKey: true }))).toBe(true);
    expect(matches("Mod+k", press("K", { metaKey: true }))).toBe(true);
    expect(matches("Mod+k", press("k"))).toBe(false);
    expect(matches("k", press("k", { ctrlKey: true }))).toBe(false);
  });

  test("a printed key is what it prints, however it is reached", () => {
    expect(matches("?", press("?", { shiftKey: true }))).toBe(true);
    expect(matches("?", press("?"))).toBe(true);
    expect(matches("ArrowLeft", press("ArrowLeft", { shiftKey: true }))).toBe(false);
    expect(matches("Shift+ArrowLeft", press("ArrowLeft", { shiftKey: true }))).toBe(true);
  });

  test("a key that writes nothing may be pressed while something is being written", () => {
    expect(worksWhileWriting(["Mod+k"])).toBe(true);
    expect(worksWhileWriting(["?"])).toBe(false);
    expect(worksWhileWriting(["g c"])).toBe(false);
  });
});

describe("keys one after the other", () => {
  const wishes = [{ keys: ["g c"] }, { keys: ["g s", "Mod+,"] }, { keys: ["?"] }];

  test("are one wish", () => {
    const keys = new Keys();
    expect(keys.press(press("g"), wishes, 0)).toBeNull();
    expect(keys.press(press("s"), wishes, 300)).toBe(wishes[1]);
    expect(keys.press(press("s"), wishes, 400)).toBeNull();
  });

  test("or their alternative", () => {
    expect(new Keys().press(press(",", { ctrlKey: true }), wishes, 0)).toBe(wishes[1]);
  });

  test("are none after a second, or with another key between", () => {
    const keys = new Keys();
    keys.press(press("g"), wishes, 0);
    expect(keys.press(press("s"), wishes, 1500)).toBeNull();
    keys.press(press("g"), wishes, 2000);
    keys.press(press("x"), wishes, 2100);
    expect(keys.press(press("s"), wishes, 2200)).toBeNull();
  });

  test("holding Shift on the way changes nothing", () => {
    const keys = new Keys();
    keys.press(press("g"), wishes, 0);
    expect(keys.press(press("Shift", { shiftKey: true }), wishes, 50)).toBeNull();
    expect(keys.press(press("C", { shiftKey: true }), wishes, 100)).toBe(wishes[0]);
  });
});
