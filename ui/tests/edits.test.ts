import { beforeEach, describe, expect, it, vi } from "vitest";
import { dropEdit, editsIn, keepEdit, keptEdit } from "../src/lib/edits";

describe("an edit that is not finished", () => {
  beforeEach(() => {
    const items: Record<string, string> = {};
    const hidden = (value: unknown): PropertyDescriptor => ({ value, enumerable: false });
    Object.defineProperties(items, {
      getItem: hidden((key: string) => items[key] ?? null),
      setItem: hidden((key: string, value: string) => (items[key] = value)),
      removeItem: hidden((key: string) => delete items[key]),
    });
    vi.stubGlobal("localStorage", items);
  });

  it("is kept by its message, known by its chat, and gone once it is dropped", () => {
    keepEdit("m1", { chatId: "c1", text: "better" });
    keepEdit("m2", { chatId: "c2", text: "" });
    localStorage["perdure.edit.m3"] = "{not json";
    localStorage["perdure.draft.c1"] = '{"chatId":"c1","text":"no edit"}';
    expect([keptEdit("m1"), keptEdit("m2"), keptEdit("m3")]).toEqual(["better", "", null]);
    expect(editsIn("c1")).toEqual(["m1"]);
    dropEdit("m1");
    expect([keptEdit("m1"), editsIn("c1")]).toEqual([null, []]);
  });

  it("does without a browser's storage", () => {
    vi.stubGlobal("localStorage", undefined);
    keepEdit("m1", { chatId: "c1", text: "better" });
    dropEdit("m1");
    expect([keptEdit("m1"), editsIn("c1")]).toEqual([null, []]);
  });
});
