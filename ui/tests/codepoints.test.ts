import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codePointLength, dropCodePoints } from "../src/lib/codepoints";

describe("offsets", () => {
  it("count code points, not UTF-16 units and not graphemes", () => {
    expect(codePointLength("a👋🏽é")).toBe(4);
    expect(dropCodePoints("a👋🏽é", 2)).toBe("🏽é");
    expect(dropCodePoints("ab", 5)).toBe("");
  });

  it("agree with the language's own iteration", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat({ max: 20 }), (text, count) => {
        expect(codePointLength(text)).toBe([...text].length);
        expect(dropCodePoints(text, count)).toBe([...text].slice(count).join(""));
      }),
    );
  });
});
