import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blocks, inline, plainText, type Inline } from "../src/lib/markdown";

/** A short notation: e(…) emphasis, s(…) strong, q(…) speech, c(…) code, | a break. */
function show(parts: readonly Inline[]): string {
  return parts
    .map((part) => {
      if (part.kind === "text") return part.text;
      if (part.kind === "break") return "|";
      if (part.kind === "code") return `c(${part.text})`;
      return `${{ emphasis: "e", strong: "s", speech: "q", struck: "d", link: "l" }[part.kind]}(${show(part.children)})`;
    })
    .join("");
}

function plain(parts: readonly Inline[]): string {
  return parts
    .map((part) => (part.kind === "break" ? "\n" : "children" in part ? plain(part.children) : part.text))
    .join("");
}

describe("inline marks", () => {
  it.each([
    ["*waves* and **bold** and `x * y`", "e(waves) and s(bold) and c(x * y)"],
    ["***both*** here", "e(s(both)) here"],
    ["**bold *and* soft**", "s(bold e(and) soft)"],
    ["*soft **and** bold*", "e(soft s(and) bold)"],
    ["3 * 4 * 5", "3 * 4 * 5"],
    ["*never closed", "*never closed"],
    ["**never closed", "**never closed"],
    ["closed* only", "closed* only"],
    ["* a list-like line", "* a list-like line"],
    ["****", "****"],
    ["a `never closed", "a `never closed"],
    ["``a ` b``", "c(a ` b)"],
    ["first \nsecond", "first|second"],
    ['He said "hello *there*".', 'He said q("hello e(there)").'],
    ["“Oui”, dit-elle", "q(“Oui”), dit-elle"],
    ['5\'10" tall and 6" wide', '5\'10" tall and 6" wide'],
    ['*He turns. "Who?"*', 'e(He turns. q("Who?"))'],
    ["<b>&amp;</b>", "<b>&amp;</b>"],
    ["**bold*text**", "s(bold*text)"],
  ])("%s", (source, expected) => {
    expect(show(inline(source))).toBe(expected);
  });

  it("count as closed at the end while the text is growing", () => {
    expect(show(inline("*she smi", true))).toBe("e(she smi)");
    expect(show(inline('**a *b "c', true))).toBe('s(a e(b q("c)))');
    expect(show(inline("ends with *", true))).toBe("ends with ");
  });

  it("keep every character but the marks, at a bounded depth, whatever the text", () => {
    const piece = fc.constantFrom("*", "**", "***", "`", "``", '"', "“", "”", " ", "\n", "a", "é", "👋🏽", "<i>", "_");
    const depth = (parts: readonly Inline[]): number =>
      Math.max(0, ...parts.map((part) => ("children" in part ? 1 + depth(part.children) : 0)));
    const bare = (text: string): string => text.replace(/[*`\s]/gu, "");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), fc.boolean(), (pieces, growing) => {
        const source = pieces.join("");
        const parts = inline(source, growing);
        expect(bare(plain(parts))).toBe(bare(source));
        expect(depth(parts)).toBeLessThanOrEqual(4);
      }),
      { numRuns: 500 },
    );
  });
});

it("a preview is one line without marks, also where the text was cut", () => {
  expect(plainText('*She turns.*\n"Who?"\n\n> **Me**, said `x`\n\n*and th')).toBe('She turns. "Who?" Me, said x and th');
});

describe("blocks", () => {
  it("are paragraphs, quotes and code", () => {
    expect(blocks("one\ntwo\n\n\n> said\n>more\nafter\n```py\nx = 1\n\ny\n```\nend")).toEqual([
      { kind: "paragraph", source: "one\ntwo" },
      { kind: "quote", source: "said\nmore" },
      { kind: "paragraph", source: "after" },
      { kind: "code", source: "x = 1\n\ny" },
      { kind: "paragraph", source: "end" },
    ]);
  });

  it("show unfinished code while it is written, and nothing for an empty text", () => {
    expect(blocks("```\nx")).toEqual([{ kind: "code", source: "x" }]);
    expect(blocks(" \n\n")).toEqual([]);
  });

  it("that are finished stay as they are while the text grows", () => {
    const text = fc.array(fc.constantFrom("a", "*", "\n", "\n\n", "> ", " "), { maxLength: 40 }).map((p) => p.join(""));
    fc.assert(
      fc.property(text, text, (before, more) => {
        const settled = blocks(before).slice(0, -1);
        expect(blocks(before + more).slice(0, settled.length)).toEqual(settled);
      }),
    );
  });
});
