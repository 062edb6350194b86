import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { folded, words } from "../src/lib/fold";
import { arranged, lately, ORDERS, usedTags, type Wish } from "../src/lib/gallery";
import type { Character } from "../src/lib/wire";

const blank: Character = {
  id: "", name: "", tagline: "", description: "", personality: "", scenario: "", first_mes: "",
  alternate_greetings: [], mes_example: "", system_prompt: "", post_history_instructions: "",
  creator_notes: "", creator: "", character_version: "", tags: [], avatar_url: null,
}; // prettier-ignore
const named = (name: string, more: Partial<Character> = {}): Character => ({ ...blank, id: name, name, ...more });
const wish = (more: Partial<Wish>): Wish => ({ query: "", tag: null, favourites: false, order: "name", ...more });
const names = (characters: readonly Character[]): string[] => characters.map((one) => one.name);

describe("folded", () => {
  it.each([
    ["ÉLODIE", "elodie"],
    ["Großmütterchen", "grossmutterchen"],
    ["Łódź", "lodz"],
    ["ｗｉｄｅ", "wide"],
    ["Ærø", "aero"],
  ])("makes %s to %s", (text, expected) => expect(folded(text)).toBe(expected));

  it("is done after once", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void expect(folded(folded(text))).toBe(folded(text))));
  });
});

it("looks for words, however they are spaced", () => expect(words("  Tea \n Émile ")).toEqual(["tea", "emile"]));

describe("arranged", () => {
  const all = [
    named("Zoë", { tagline: "Keeps a lighthouse.", tags: ["sea"], last_chat_at: "2026-01-02T00:00:00Z", created_at: "2026-01-01T00:00:00Z" }),
    named("Äbbe", { tagline: "A tailor of kites.", tags: ["Sea", "cosy"], favourite: true, created_at: "2026-01-03T00:00:00Z" }),
    named("Bo 10", { tags: ["cosy"], last_chat_at: "2026-01-05T00:00:00Z", created_at: "2026-01-02T00:00:00Z" }),
    named("Bo 9", { favourite: true, last_chat_at: "2026-01-01T00:00:00Z", created_at: "2026-01-04T00:00:00Z" }),
  ];

  it.each([
    ["zoe", ["Zoë"]],
    ["ABBE", ["Äbbe"]],
    ["light sea", ["Zoë"]],
    ["sea", ["Äbbe", "Zoë"]],
    ["kites lighthouse", []],
    ["   ", ["Äbbe", "Bo 9", "Bo 10", "Zoë"]],
  ])("finds for %j %j", (query, expected) => expect(names(arranged(all, wish({ query }), "en"))).toEqual(expected));

  it("shows the bearers of a tag, however it is written", () => {
    expect(names(arranged(all, wish({ tag: "SEA" }), "en"))).toEqual(["Äbbe", "Zoë"]);
  });

  it("shows favourites alone, among those that are wished for anyway", () => {
    expect(names(arranged(all, wish({ favourites: true }), "en"))).toEqual(["Äbbe", "Bo 9"]);
    expect(names(arranged(all, wish({ favourites: true, tag: "sea" }), "en"))).toEqual(["Äbbe"]);
  });

  it.each([
    ["recent", ["Bo 10", "Zoë", "Bo 9", "Äbbe"]],
    ["favourites", ["Bo 9", "Äbbe", "Bo 10", "Zoë"]],
    ["name", ["Äbbe", "Bo 9", "Bo 10", "Zoë"]],
    ["newest", ["Bo 9", "Äbbe", "Bo 10", "Zoë"]],
  ] as const)("orders by %s", (order, expected) => expect(names(arranged(all, wish({ order }), "en"))).toEqual(expected));

  it("loses and invents nobody, in any order", () => {
    const character = fc.record({ name: fc.string(), favourite: fc.boolean(), last_chat_at: fc.option(fc.constantFrom("1", "2")) });
    fc.assert(
      fc.property(fc.array(character), fc.constantFrom(...ORDERS), (given, order) => {
        const them = given.map((one, at) => named(one.name, { ...one, id: String(at) }));
        expect(new Set(arranged(them, wish({ order })))).toEqual(new Set(them));
      }),
    );
  });
});

it("counts each character once for a tag, whatever its case", () => {
  const all = [named("a", { tags: ["Sea", "sea", "cosy"] }), named("b", { tags: ["cosy", " "] }), named("c", { tags: ["cosy", "SEA"] })];
  expect(usedTags(all)).toEqual(["cosy", "Sea"]);
});

it("knows whom one talked with last", () => {
  const all = [
    named("never"),
    named("long ago", { last_chat_id: "1", last_chat_at: "2025-01-01T00:00:00Z" }),
    named("just now", { last_chat_id: "2", last_chat_at: "2026-01-01T00:00:00Z" }),
  ];
  expect(names(lately(all))).toEqual(["just now", "long ago"]);
});
