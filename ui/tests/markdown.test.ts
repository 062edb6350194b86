import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blocks, inline, listItems, plainText, type Block, type Inline } from "../src/lib/markdown";

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
    ["~~no~~ yes, ~5 and ~~ never", "d(no) yes, ~5 and ~~ never"],
    ["see [the *map*](https://a.example/x?y=1#z) now", "see l(the e(map)) now"],
    ["see https://a.example/x_(y), or not", "see l(https://a.example/x_(y)), or not"],
    ["[OOC: hi] and [x](javascript:alert(1)) [y](data:text/html,x) [z](//e.example)", "[OOC: hi] and [x](javascript:alert(1)) [y](data:text/html,x) [z](//e.example)"],
    ["[https://real.example](https://evil.example)", "l(https://real.example)"],
    ['[a *"https://b.example"*](https://c.example)', 'l(a e(q("https://b.example")))'],
  ])("%s", (source, expected) => {
    expect(show(inline(source))).toBe(expected);
  });

  it("count as closed at the end while the text is growing", () => {
    expect(show(inline("*she smi", true))).toBe("e(she smi)");
    expect(show(inline('**a *b "c', true))).toBe('s(a e(b q("c)))');
    expect(show(inline("ends with *", true))).toBe("ends with ");
  });

  it("keep every character but the marks, at a bounded depth and with no link in a link, whatever the text", () => {
    const piece = fc.constantFrom(
      "*", "**", "***", "`", "``", '"', "“", "”", " ", "\n", "a", "é", "👋🏽", "<i>", "_", "~~", "~", "[", "](", "http://x.y", ")",
    );
    const depth = (parts: readonly Inline[]): number =>
      Math.max(0, ...parts.map((part) => ("children" in part ? 1 + depth(part.children) : 0)));
    const links = (parts: readonly Inline[], within: boolean): boolean =>
      parts.some((part) => "children" in part && ((within && part.kind === "link") || links(part.children, within || part.kind === "link")));
    const bare = (text: string): string => text.replace(/\[([^[\]\n]+)\]\(https?:\/\/[^\s()<>]+\)/g, "$1").replace(/[*`~\s]/gu, "");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), fc.boolean(), (pieces, growing) => {
        const source = pieces.join("");
        const parts = inline(source, growing);
        expect(bare(plain(parts))).toBe(bare(source));
        expect(depth(parts)).toBeLessThanOrEqual(6);
        expect(links(parts, false)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });
});

it.each(["*", "**a", "`", "[", "](", "[a](http://", "~~", '"', "“", "* ", "> ", "- ", "1. ", "h", "http://", "\n", "# ", "``` \n"])(
  "a hundred thousand characters of %j are read in no time",
  (piece) => {
    const text = piece.repeat(Math.ceil(100_000 / piece.length));
    const ticks = Array.from({ length: 440 }, (_, n) => "`".repeat(n + 1)).join(" ");
    const started = performance.now();
    for (const one of [text, ticks]) for (const { source } of blocks(one)) inline(source, true);
    expect(performance.now() - started).toBeLessThan(1500);
  },
);

it("a preview is one line without marks, also where the text was cut", () => {
  expect(plainText('*She turns.*\n"Who?"\n\n> **Me**, said `x`\n\n*and th')).toBe('She turns. "Who?" Me, said x and th');
});

describe("blocks", () => {
  it("are paragraphs, quotes and code", () => {
    expect(blocks("one\ntwo\n\n\n> said\n>more\nafter\n```py\nx = 1\n\ny\n```\nend")).toEqual([
      { kind: "paragraph", source: "one\ntwo" },
      { kind: "quote", source: "said\nmore" },
      { kind: "paragraph", source: "after" },
      { kind: "code", info: "py", source: "x = 1\n\ny" },
      { kind: "paragraph", source: "end" },
    ]);
  });

  it("show unfinished code while it is written, and nothing for an empty text", () => {
    expect(blocks("```\nx")).toEqual([{ kind: "code", source: "x" }]);
    expect(blocks(" \n\n")).toEqual([]);
  });

  it("are lists, small headings, and lines that break a scene", () => {
    const text = "# One *day*\ntext\n- a\n- b\n  more\n  1. c\nafter\n***\n* not a list*\n\n1914. it began";
    expect(blocks(text)).toEqual([
      { kind: "heading", source: "One *day*" },
      { kind: "paragraph", source: "text" },
      { kind: "list", source: "- a\n- b\n  more\n  1. c" },
      { kind: "paragraph", source: "after" },
      { kind: "rule", source: "***" },
      { kind: "list", source: "* not a list*" },
      { kind: "list", source: "1914. it began" },
    ]);
    expect(listItems("- a\n- b\n  more\n  12) c")).toEqual([
      { number: null, level: 0, source: "a" },
      { number: null, level: 0, source: "b\nmore" },
      { number: "12)", level: 1, source: "c" },
    ]);
  });

  it("end a code at a fence that is as long, and show the words beside any fence", () => {
    expect(blocks("```` md\n```py\nx\n```\n````\nend")).toEqual([
      { kind: "code", info: "md", source: "```py\nx\n```" },
      { kind: "paragraph", source: "end" },
    ]);
    expect(blocks("```so she said\nx\n``` and left")).toEqual([
      { kind: "code", info: "so she said", source: "x" },
      { kind: "paragraph", source: "and left" },
    ]);
    expect(blocks("```x``` is code")).toEqual([
      { kind: "code", source: "x" },
      { kind: "paragraph", source: "is code" },
    ]);
  });

  it("show every character that is no mark, whatever the text", () => {
    const piece = fc.constantFrom(
      "- ", "* ", "012. ", "7) ", "# ", "> ", "word", "é", "👋", "\n", "\n\n", "  ", "---", "```", "````", "```\n", "`", "\t", "*", '"', "~~", "http://a.b/c",
    );
    const marks = /[-*#>~`\s]/g;
    const shown = ({ kind, info = "", source }: Block): string => {
      if (kind === "rule") return "";
      if (kind === "code") return `${info} ${source}`;
      if (kind === "list") return listItems(source).map((item) => `${item.number ?? ""} ${plain(inline(item.source))}`).join("\n");
      return plain(inline(source));
    };
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join("");
        expect(blocks(text).map(shown).join("\n").replace(marks, "")).toBe(text.replace(marks, ""));
      }),
      { numRuns: 1000 },
    );
  });

  it("that are finished stay as they are while the text grows", () => {
    const text = fc.array(fc.constantFrom("a", "*", "\n", "\n\n", "> ", " ", "```"), { maxLength: 40 }).map((p) => p.join(""));
    fc.assert(
      fc.property(text, text, (before, more) => {
        const settled = blocks(before).slice(0, -1);
        expect(blocks(before + more).slice(0, settled.length)).toEqual(settled);
      }),
    );
  });
});
