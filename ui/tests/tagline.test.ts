import { expect, it } from "vitest";
import { taglineOf } from "../src/lib/tagline";

it.each([
  [{ creator_notes: "A very small cloud. Shy.", description: "no" }, "A very small cloud."],
  [{ creator_notes: "", description: "{{char}} met Dr. No. Then left." }, "Mizzle met Dr. No."],
  [{ creator_notes: " \n---\n<b>Bold</b> [cloud](http://x)", description: "" }, "Bold cloud"],
  [{ creator_notes: `${"word ".repeat(40)}`, description: "" }, `${"word ".repeat(23)}word…`],
  [{ creator_notes: "", description: " " }, ""],
])("presents %j", (card, expected) => expect(taglineOf(card, "Mizzle")).toBe(expected));
