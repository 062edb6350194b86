/**
 * A text's blocks: paragraphs, quotes, lists, small headings, code, and the line that breaks a scene. A block keeps its
 * own source, so that while a reply grows all blocks but the last stay equal and need not be looked at again.
 */
export type BlockKind = "paragraph" | "quote" | "code" | "heading" | "list" | "rule";

export interface Block {
  readonly kind: BlockKind;
  /** For a list its lines with their marks, which `listItems` reads; for a rule the line itself; else without marks. */
  readonly source: string;
  /** What stands behind a code's opening fence: its language, or whatever somebody has written there. */
  readonly info?: string;
}

export interface ListItem {
  /** The number in front of it, as it is written; null for a dot. */
  readonly number: string | null;
  /** How deep it stands, from 0. */
  readonly level: number;
  readonly source: string;
}

const RULE = /^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$/;
const HEADING = /^ {0,3}#{1,6}[ \t]+(?=\S)/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^([ \t]*)(?:[-*+]|(\d{1,9}[.)]))[ \t]+(?=\S)/;
const FENCE = /^[ \t]*(`{3,})(.*)$/;
const MAX_LEVEL = 3;

export function blocks(text: string): Block[] {
  const found: Block[] = [];
  let open: Omit<Block, "source"> | null = null;
  let fence = "";
  let lines: string[] = [];
  const close = (): void => {
    if (open !== null) found.push({ ...open, source: lines.join("\n") });
    open = null;
    lines = [];
  };
  for (let line of text.replaceAll("\r\n", "\n").split("\n")) {
    const [, ticks = "", behind = ""] = FENCE.exec(line) ?? [];
    if (open?.kind === "code") {
      // "```py" within code is a line of it; what stands apart behind the end is not.
      if (ticks.length < fence.length || /^\S/.test(behind)) {
        lines.push(line);
        continue;
      }
      close();
      line = behind.trimStart();
    } else if (ticks !== "") {
      close();
      fence = ticks;
      const end = behind.indexOf(ticks);
      const info = behind.trim();
      open = info === "" || end >= 0 ? { kind: "code" } : { kind: "code", info };
      if (end < 0) continue;
      lines.push(behind.slice(0, end));
      close();
      line = behind.slice(end).replace(/^`+\s*/, "");
    }
    const { kind, source } = lineOf(line, open?.kind ?? null);
    if (kind !== open?.kind || kind === "heading" || kind === "rule") close();
    if (kind === null) continue;
    open = { kind };
    lines.push(source);
  }
  close();
  return found;
}

function lineOf(line: string, before: BlockKind | null): { kind: BlockKind | null; source: string } {
  if (line.trim() === "") return { kind: null, source: "" };
  if (RULE.test(line)) return { kind: "rule", source: line };
  const heading = HEADING.exec(line);
  if (heading) return { kind: "heading", source: line.slice(heading[0].length) };
  const quote = QUOTE.exec(line);
  if (quote) return { kind: "quote", source: line.slice(quote[0].length) };
  if (ITEM.test(line)) {
    // A paragraph's line that happens to begin with a year stays in it; a list within one begins with a dot or a 1.
    const number = ITEM.exec(line)?.[2];
    if (before !== "paragraph" || number === undefined || /^1\D/.test(number)) return { kind: "list", source: line };
  }
  if (before === "list" && /^(?: {2,}|\t)/.test(line)) return { kind: "list", source: line };
  return { kind: "paragraph", source: line };
}

/** The items of a list block. A line without a mark goes on with the item before it. */
export function listItems(source: string): ListItem[] {
  const items: { number: string | null; level: number; lines: string[] }[] = [];
  for (const line of source.split("\n")) {
    const mark = ITEM.exec(line);
    if (mark) {
      const level = Math.min(MAX_LEVEL, Math.floor(mark[1]!.replaceAll("\t", "  ").length / 2));
      items.push({ number: mark[2] ?? null, level, lines: [line.slice(mark[0].length)] });
    } else if (items.length > 0) items.at(-1)!.lines.push(line.trimStart());
    else items.push({ number: null, level: 0, lines: [line] });
  }
  return items.map(({ number, level, lines }) => ({ number, level, source: lines.join("\n") }));
}
