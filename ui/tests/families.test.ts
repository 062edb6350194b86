import { expect, it } from "vitest";
import { born, doubted, heard, ROOT, told, type Families } from "../src/lib/families";
import type { Message } from "../src/lib/wire";

const message = (id: string, parent_id: string | null): Message => ({
  id, chat_id: "c", parent_id, role: "character", author: null, text: "", created_at: "", turn_id: null, state: "done",
});
const ids = (families: Families, parent: string): readonly string[] => families.get(parent)?.ids ?? [];

it("a child whose parent was born before our eyes has a whole family; of a stranger's it is only one", () => {
  const families = born(born(born(new Map(), message("a", "x")), message("b", "a")), message("c", "a"));
  expect(families.get("a")).toEqual({ ids: ["b", "c"], whole: true, since: [] });
  expect(families.get("x")).toEqual({ ids: ["a"], whole: false, since: ["a"] });
});

it("a page fills in what came before, and keeps what came since it was made", () => {
  const families = heard(born(new Map(), message("c", "x")), "x", ["a", "b"]);
  expect(families.get("x")).toEqual({ ids: ["a", "b", "c"], whole: true, since: [] });
  expect(ids(heard(families, "x", ["a", "b"]), "x")).toEqual(["a", "b", "c"]);
});

it("in doubt what is known is still shown, and the next page is believed", () => {
  const families = doubted(told(new Map(), ROOT, ["a", "b"]));
  expect(ids(families, ROOT)).toEqual(["a", "b"]);
  expect(families.get(ROOT)!.whole).toBe(false);
  expect(ids(heard(born(families, message("d", null)), ROOT, ["b", "c"]), ROOT)).toEqual(["b", "c", "d"]);
});
