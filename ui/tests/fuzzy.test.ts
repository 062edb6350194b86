/** The palette finds what somebody means by a few letters. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { match, pieces, search } from "../src/lib/fuzzy";

const order = (query: string, texts: string[]): string[] => search(query, texts, (text) => text).map((found) => found.item);

describe("search", () => {
  test("what begins words goes before what only contains the letters", () => {
    expect(order("sci", ["Miss Corvin", "Discipline", "Science"])[0]).toBe("Science");
    expect(order("sc", ["Discard", "Sir Corvin Ell"])[0]).toBe("Sir Corvin Ell");
    expect(order("chm", ["Chat with Mizzle", "Characters on the moon", "Alchemy"])[0]).toBe("Chat with Mizzle");
  });

  test("letters that stand together count for more than scattered ones", () => {
    expect(order("mizz", ["Mi z z le", "Mizzle"])).toEqual(["Mizzle", "Mi z z le"]);
  });

  test("of two that answer alike the shorter one is meant", () => {
    expect(order("chats", ["Chats of long ago", "Chats"])[0]).toBe("Chats");
  });

  test("neither case nor accents nor spaces matter", () => {
    expect(order("EINST", ["Einstellungen"])).toEqual(["Einstellungen"]);
    expect(order("uber mi", ["Über Mizzle"])).toEqual(["Über Mizzle"]);
    expect(order("zoe", ["Zoë"])).toEqual(["Zoë"]);
  });

  test("scripts without cases or words are found too", () => {
    expect(order("友", ["我的朋友", "敌人"])).toEqual(["我的朋友"]);
    expect(order("مرح", ["مرحبا"])).toEqual(["مرحبا"]);
  });

  test("nothing sought is answered by everything, in its order", () => {
    expect(order(" ", ["b", "a"])).toEqual(["b", "a"]);
  });
});

describe("match", () => {
  test("finds exactly the texts that have the letters in this order", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", " ", "C"), maxLength: 12 });
    fc.assert(
      fc.property(letters, letters, (query, text) => {
        const wanted = query.toLowerCase().replaceAll(" ", "");
        let from = 0;
        const there = [...wanted].every((letter) => (from = text.toLowerCase().indexOf(letter, from) + 1) > 0);
        const found = match(query, text);
        expect(found !== null).toBe(there || wanted === "");
        if (found) expect(found.at.map((at) => text[at]!.toLowerCase()).join("")).toBe(wanted);
      }),
    );
  });

  test("any text stands being sought in, in any script", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 30 }), (text) => {
        expect(match(text, text)).not.toBeNull();
      }),
    );
  });

  test("what was found and what was not make up the text", () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.nat(20)), (text, at) => {
        expect(pieces(text, at).map((piece) => piece.text).join("")).toBe(text);
      }),
    );
  });
});
