import { expect, it } from "vitest";
import { withNames } from "../src/lib/macros";

it("a card's text is shown with names in place of its macros", () => {
  expect(withNames("{{char}} greets {{USER}}. <BOT> waits for <user>.", "$& Maren", "du")).toBe(
    "$& Maren greets du. $& Maren waits for du.",
  );
});
