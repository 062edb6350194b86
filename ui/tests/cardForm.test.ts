import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { burdenOf } from "../src/lib/burden";
import {
  changesOf, emptyForm, isChanged, LIST_FIELDS, mistakesIn, moved, parsedForm, refusedField, TEXT_FIELDS, withTags, type CardForm,
} from "../src/lib/cardForm"; // prettier-ignore
import { unreachable } from "../src/lib/problem";

const form = (more: Partial<CardForm>): CardForm => ({ ...emptyForm(), ...more });
const anyForm = fc
  .record({ ...Object.fromEntries(TEXT_FIELDS.map((field) => [field, fc.string()])), tags: fc.array(fc.constantFrom("a", "b")) })
  .map((fields) => form(fields as Partial<CardForm>));

describe("changesOf", () => {
  it("says what differs, and nothing else", () => {
    fc.assert(
      fc.property(anyForm, anyForm, (one, saved) => {
        const changes = changesOf(one, saved);
        expect({ ...saved, ...changes }).toEqual(one);
        for (const field of [...TEXT_FIELDS, ...LIST_FIELDS]) {
          expect(field in changes).toBe(JSON.stringify(one[field]) !== JSON.stringify(saved[field]));
        }
      }),
    );
  });

  it("does not take an empty greeting for a change", () => {
    expect(isChanged(form({ alternate_greetings: ["", "  "] }), emptyForm())).toBe(false);
    expect(changesOf(form({ alternate_greetings: ["Hi", ""] }), emptyForm())).toEqual({ alternate_greetings: ["Hi"] });
  });
});

it("comes out of storage as it went in", () => {
  fc.assert(fc.property(anyForm, (one) => void expect(parsedForm(JSON.parse(JSON.stringify(one)))).toEqual(one)));
  expect(parsedForm({ name: 7, tags: ["a", 1, null], description: "d" })).toEqual(form({ tags: ["a"], description: "d" }));
  expect(parsedForm("no form")).toBeNull();
});

it("wants a name that is not too long", () => {
  expect(mistakesIn(form({ name: " " }))).toEqual({ name: "empty" });
  expect(mistakesIn(form({ name: "🙂".repeat(200) }))).toEqual({});
  expect(mistakesIn(form({ name: "🙂".repeat(201) }))).toEqual({ name: "long" });
});

it("knows the field that a refusal names", () => {
  const refused = (detail: string | null) => refusedField({ ...unreachable, detail });
  expect(refused("tags.2: control characters are not allowed")).toEqual({ field: "tags", text: "control characters are not allowed" });
  expect(refused("name: too: long")).toEqual({ field: "name", text: "too: long" });
  expect(refused("elsewhere: no")).toBeNull();
  expect(refused(null)).toBeNull();
});

it("parts tags by commas and takes each once", () => {
  expect(withTags(["sea"], " #cosy, sea ,, night owls;\n")).toEqual(["sea", "cosy", "night owls"]);
});

it("moves one and keeps the others in their order", () => {
  expect(moved(["a", "b", "c"], 2, 0)).toEqual(["c", "a", "b"]);
  expect(moved(["a", "b", "c"], 0, 1)).toEqual(["b", "a", "c"]);
});

it("says when a character takes more than half of the context", () => {
  expect(burdenOf(1024, 2048)).toEqual({ share: 0.5, level: "light" });
  expect(burdenOf(1025, 2048).level).toBe("heavy");
  expect(burdenOf(4096, 2048)).toEqual({ share: 1, level: "over" });
});
