import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AVATAR_PX, held, sideOf, squareIn } from "../src/lib/crop";

describe("squareIn", () => {
  const natural = { width: 1000, height: 2000 };
  const shown = { width: 100, height: 200 };

  it.each([
    [{ x: 0, y: 0 }, 1, { x: 0, y: 500, width: 1000, height: 1000 }],
    [{ x: 0, y: 50 }, 1, { x: 0, y: 0, width: 1000, height: 1000 }],
    [{ x: 0, y: -900 }, 1, { x: 0, y: 1000, width: 1000, height: 1000 }],
    [{ x: 0, y: 0 }, 2, { x: 250, y: 750, width: 500, height: 500 }],
    [{ x: 50, y: 0 }, 2, { x: 0, y: 750, width: 500, height: 500 }],
  ])("at %j and zoom %d", (place, zoom, expected) => expect(squareIn(natural, shown, place, zoom)).toEqual(expected));

  it("never leaves the picture", () => {
    const length = fc.integer({ min: 1, max: 9000 });
    const way = fc.integer({ min: -5000, max: 5000 });
    fc.assert(
      fc.property(length, length, way, way, fc.double({ min: 1, max: 4, noNaN: true }), (width, height, x, y, zoom) => {
        const square = squareIn({ width, height }, { width: width / 3, height: height / 3 }, { x, y }, zoom);
        expect(square.x).toBeGreaterThanOrEqual(0);
        expect(square.y).toBeGreaterThanOrEqual(0);
        expect(square.x + square.width).toBeLessThanOrEqual(width + 1e-6);
        expect(square.y + square.height).toBeLessThanOrEqual(height + 1e-6);
        expect(square.width).toBe(square.height);
      }),
    );
  });
});

it("holds the picture so that it fills the frame", () => {
  expect(held({ x: 9, y: 9 }, { width: 10, height: 20 }, 1)).toEqual({ x: 0, y: 5 });
  expect(held({ x: -9, y: 0 }, { width: 10, height: 20 }, 2)).toEqual({ x: -5, y: 0 });
});

it("makes nothing larger than it was", () => {
  expect(sideOf({ x: 0, y: 0, width: 40.4, height: 40.4 })).toBe(40);
  expect(sideOf({ x: 0, y: 0, width: 4000, height: 4000 })).toBe(AVATAR_PX);
});
