import { expect, it } from "vitest";
import { tabTitle } from "../src/lib/title";

it("the tab marks a reply that waits to be read before one that is being written, and that before what is not sent", () => {
  const none = { replying: false, waiting: false, unsent: false };
  expect(tabTitle("Mizzle", none)).toBe("Mizzle");
  expect(tabTitle("Mizzle", { ...none, unsent: true })).toBe("◷ Mizzle");
  expect(tabTitle("Mizzle", { ...none, unsent: true, replying: true })).toBe("… Mizzle");
  expect(tabTitle("Mizzle", { replying: true, waiting: true, unsent: true })).toBe("● Mizzle");
});
