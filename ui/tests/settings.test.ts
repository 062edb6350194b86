/** What the settings do with numbers, addresses, pictures and problems. */
import { describe, expect, test } from "vitest";
import { manner, spokenOf } from "../src/i18n/i18n.svelte";
import { de } from "../src/i18n/de";
import { en } from "../src/i18n/en";
import { tell } from "../src/i18n/problems";
import { inBytes } from "../src/lib/bytes";
import { unreachable } from "../src/lib/problem";
import { isAddress, suggestedName } from "../src/settings/models/examples";
import { MANNER, numberWithin } from "../src/settings/replies/samplers";

describe("a number", () => {
  const temperature = MANNER[0]!;
  test.each([["0.8", 0.8], ["0,8", 0.8], ["9", 5], ["-1", 0], ["", null], ["warm", null]] as const)("%s is %s", (text, value) => {
    expect(numberWithin(text, temperature)).toBe(value);
  });
  test("of what is counted is whole", () => {
    expect(numberWithin("40.4", { least: 0, most: 100, step: 1 })).toBe(40);
  });
});

describe("an address", () => {
  test.each(["http://127.0.0.1:11434/v1", "https://models.example/v1"])("%s is one", (text) => expect(isAddress(text)).toBe(true));
  test.each(["", "https://", "127.0.0.1:8080", "ftp://x", "localhost"])("%s is none", (text) => expect(isAddress(text)).toBe(false));

  test("gives a model its first name", () => {
    expect(suggestedName("http://127.0.0.1:11434/v1/", "gemma3")).toBe("gemma3 · Ollama");
    expect(suggestedName("https://models.example/v1", "org/big-model")).toBe("big-model · models.example");
    expect(suggestedName("", "")).toBe("");
  });
});

test("sizes are told in the language at hand", () => {
  expect(inBytes(512, "en")).toBe("512 byte");
  expect(inBytes(3_400_000, "en")).toBe("3.4 MB");
  expect(inBytes(3_400_000, "de")).toBe("3,4 MB");
});

describe("a language", () => {
  test("is the first of the person's that there is a catalogue for", () => {
    expect(spokenOf(["fr-CH", "de-CH", "en"])).toBe("de");
    expect(spokenOf(["fr"])).toBe("en");
  });
  test("is written in the person's own manner", () => {
    expect(manner("en", ["de", "en-GB"])).toBe("en-GB");
    expect(manner("de", ["en-GB"])).toBe("de");
  });
});

describe("a problem", () => {
  const refused = { code: "model_key_rejected", fault: "model", title: "The model's server rejected the API key", saved: null } as const;
  const detail = "Incorrect API key provided.";
  test("is told in the server's own words in English", () => {
    expect(tell({ ...refused, detail, remedy: "Set a valid key." }, en.common)).toEqual({
      title: refused.title,
      detail,
      remedy: "Set a valid key.",
      foreign: false,
    });
  });
  test("is told in the person's language, and what happened this time as it was told", () => {
    const told = tell({ ...refused, detail, remedy: "Set a valid key." }, de.common);
    expect(told.title).toBe("Der Server des Modells lehnt den Schlüssel ab");
    expect(told).toMatchObject({ detail, foreign: true });
  });
  test("does not say the same twice", () => {
    expect(tell({ ...refused, detail: refused.title, remedy: null }, en.common).detail).toBe("");
  });
  test("of the page's own is in every catalogue", () => {
    for (const { common } of [en, de]) expect(tell(unreachable, common)).toMatchObject({ ...common.problems["unreachable"], foreign: false });
  });
});
