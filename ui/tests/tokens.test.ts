/** Every colour has a name, in one file. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const SOURCES = join(import.meta.dirname, "..", "src");
const styled = readdirSync(SOURCES, { recursive: true, encoding: "utf8" }).filter((name) => /\.(svelte|css)$/.test(name));
const COLOUR = /#[0-9a-f]{3,8}\b(?!-)|\b(?:rgba?|hsla?|oklch|oklab|lab|lch|light-dark)\(/gi;
const styleOf = (name: string, source: string): string => (name.endsWith(".css") ? source : /<style>([\s\S]*)<\/style>/.exec(source)?.[1] ?? "");

test.each(styled.filter((name) => !name.endsWith("tokens.css")))("%s has no colours of its own", (name) => {
  expect(styleOf(name, readFileSync(join(SOURCES, name), "utf8")).match(COLOUR) ?? []).toEqual([]);
});

test("the colours are where they belong", () => {
  expect(readFileSync(join(SOURCES, "styles", "tokens.css"), "utf8").match(COLOUR)).not.toBeNull();
});
