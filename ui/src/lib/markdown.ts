/**
 * The little Markdown that characters speak: *emphasis*, **strong**, `code`, "speech", quotes, paragraphs and line
 * breaks. Text in, plain objects out; the page makes elements and text nodes of them, so no text can become markup.
 *
 * Every character of the source is kept, except the marks themselves. A mark does not nest in itself, so the depth is
 * bounded by the number of marks, whatever a model makes up.
 */
export type Inline =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "break" }
  | { readonly kind: "emphasis" | "strong" | "speech"; readonly children: readonly Inline[] };

export type Block =
  | { readonly kind: "paragraph" | "quote"; readonly source: string }
  | { readonly kind: "code"; readonly source: string };

/**
 * Splits a text into blocks. A block keeps its own source, so that while a reply grows all blocks but the last stay
 * equal and need not be looked at again.
 */
export function blocks(text: string): Block[] {
  const found: Block[] = [];
  let kind: Block["kind"] | null = null;
  let lines: string[] = [];
  const close = (): void => {
    if (kind !== null && (kind === "code" || lines.some((line) => line.trim() !== ""))) {
      found.push({ kind, source: lines.join("\n") });
    }
    kind = null;
    lines = [];
  };
  for (const line of text.replaceAll("\r\n", "\n").split("\n")) {
    const fence = line.trimStart().startsWith("```");
    if (kind === "code") {
      if (fence) close();
      else lines.push(line);
      continue;
    }
    if (fence) {
      close();
      kind = "code";
      continue;
    }
    const quoted = /^ {0,3}> ?/.exec(line);
    const wanted: Block["kind"] | null = line.trim() === "" ? null : quoted ? "quote" : "paragraph";
    if (wanted !== kind) close();
    if (wanted === null) continue;
    kind = wanted;
    lines.push(quoted ? line.slice(quoted[0].length) : line);
  }
  close();
  return found;
}

type Mark = "*" | "**" | '"' | "“" | "";

interface Frame {
  readonly mark: Mark;
  children: Inline[];
}

/**
 * The elements of one block. With `growing`, marks still open at the end count as closed there, so that a reply is
 * emphasised while it is being written instead of jumping when its closing mark arrives.
 */
export function inline(source: string, growing = false): Inline[] {
  const frames: Frame[] = [{ mark: "", children: [] }];
  let plain = "";
  const top = (): Frame => frames[frames.length - 1]!;
  const flush = (): void => {
    if (plain !== "") top().children.push({ kind: "text", text: plain });
    plain = "";
  };
  const open = (mark: Mark): void => {
    if (find(mark) > 0) {
      plain += mark;
      return;
    }
    flush();
    if (mark === '"' || mark === "“") plain = mark;
    frames.push({ mark, children: [] });
  };
  /** Closes frame `index`; those inside it were never closed, so their marks are plain text after all. */
  const closeFrame = (index: number): void => {
    flush();
    while (frames.length - 1 > index) spill();
    const frame = frames.pop()!;
    top().children.push(element(frame));
  };
  const spill = (): void => {
    const frame = frames.pop()!;
    if (frame.mark === "*" || frame.mark === "**") top().children.push({ kind: "text", text: frame.mark });
    top().children.push(...frame.children);
  };
  const find = (mark: Mark): number => {
    for (let i = frames.length - 1; i > 0; i -= 1) if (frames[i]!.mark === mark) return i;
    return -1;
  };

  let i = 0;
  while (i < source.length) {
    const char = source[i]!;
    if (char === "\n") {
      plain = plain.trimEnd();
      flush();
      top().children.push({ kind: "break" });
      i += 1;
    } else if (char === "`") {
      const run = runLength(source, i, "`");
      const end = closingRun(source, i + run, run);
      if (end < 0) {
        plain += source.slice(i, i + run);
        i += run;
      } else {
        flush();
        top().children.push({ kind: "code", text: source.slice(i + run, end) });
        i = end + run;
      }
    } else if (char === "*") {
      const run = runLength(source, i, "*");
      stars(run, i, i + run);
      i += run;
    } else if (char === '"' || char === "“" || char === "”") {
      quoteMark(char, i);
      i += 1;
    } else {
      plain += char;
      i += 1;
    }
  }
  flush();
  while (frames.length > 1) {
    if (growing && top().children.length > 0) closeFrame(frames.length - 1);
    else spill();
  }
  return frames[0]!.children;

  function stars(run: number, start: number, end: number): void {
    const canClose = start > 0 && !isSpace(source[start - 1]!);
    const canOpen = end < source.length && !isSpace(source[end]!);
    let left = run;
    while (left > 0 && canClose) {
      const double = left >= 2 ? find("**") : -1;
      const index = double > 0 ? double : find("*");
      if (index < 0) break;
      left -= frames[index]!.mark.length;
      closeFrame(index);
    }
    // Bold nests inside emphasis, as in ***this***.
    if (left > 3 || !canOpen) plain += "*".repeat(left);
    else if (left > 0) {
      if (left !== 2) open("*");
      if (left >= 2) open("**");
    }
  }

  function quoteMark(char: '"' | "“" | "”", at: number): void {
    const opener = char === "”" ? "“" : char;
    const index = char === "“" ? -1 : find(opener);
    const next = source[at + 1];
    if (index > 0) {
      plain += char;
      closeFrame(index);
    } else if (char !== "”" && next !== undefined && !isSpace(next) && !isWordCharacter(source[at - 1])) {
      open(opener);
    } else plain += char;
  }
}

/** The text on one line and without marks, for a preview. */
export function plainText(text: string): string {
  const words = (parts: readonly Inline[]): string =>
    parts.map((part) => (part.kind === "break" ? " " : "children" in part ? words(part.children) : part.text)).join("");
  return blocks(text)
    .map((block) => (block.kind === "code" ? block.source : words(inline(block.source, true))))
    .join(" ");
}

function element(frame: Frame): Inline {
  const kind = frame.mark === "*" ? "emphasis" : frame.mark === "**" ? "strong" : "speech";
  return { kind, children: frame.children };
}

function runLength(source: string, from: number, char: string): number {
  let end = from;
  while (source[end] === char) end += 1;
  return end - from;
}

/** Where the next run of exactly `length` back-ticks begins, or -1. */
function closingRun(source: string, from: number, length: number): number {
  for (let i = source.indexOf("`", from); i >= 0; i = source.indexOf("`", i)) {
    const run = runLength(source, i, "`");
    if (run === length) return i;
    i += run;
  }
  return -1;
}

function isSpace(char: string): boolean {
  return char.trim() === "";
}

function isWordCharacter(char: string | undefined): boolean {
  return char !== undefined && /[\p{L}\p{N}]/u.test(char);
}
