import { expect, it } from "vitest";
import { tabTitle } from "../src/lib/title";

it("the tab marks a reply that waits to be read before one that is being written", () => {
  expect(tabTitle("Mizzle", false, false)).toBe("Mizzle");
  expect(tabTitle("Mizzle", true, false)).toBe("… Mizzle");
  expect(tabTitle("Mizzle", false, true)).toBe("● Mizzle");
  expect(tabTitle("Mizzle", true, true)).toBe("● Mizzle");
});
