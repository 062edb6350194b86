/**
 * The little Markdown that characters speak: *emphasis*, **strong**, ~~struck~~, `code`, "speech", links and line breaks,
 * within the blocks of blocks.ts. Text in, plain objects out; the page makes elements and text nodes of them, so no text
 * can become markup.
 *
 * Every character of the source is kept, except the marks themselves. A mark does not nest in itself, so the depth is
 * bounded by the number of marks, and the time by the length of the text, whatever a model makes up.
 */
import { blocks } from "./blocks";

export { blocks, listItems, type Block, type ListItem } from "./blocks";

export type Inline =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "break" }
  /** `href` begins with http:// or https://, nothing else becomes a link. */
  | { readonly kind: "link"; readonly href: string; readonly children: readonly Inline[] }
  | { readonly kind: "emphasis" | "strong" | "struck" | "speech"; readonly children: readonly Inline[] };

type Mark = "*" | "**" | "~~" | '"' | "“" | "";

interface Frame {
  readonly mark: Mark;
  children: Inline[];
}

const KINDS = { "*": "emphasis", "**": "strong", "~~": "struck", '"': "speech", "“": "speech" } as const;
const LINK = /\[([^[\]\n]{1,500})\]\((https?:\/\/[^\s()<>]{1,2000})\)/y;
const ADDRESS = /https?:\/\/[^\s<>"'`*“”]{1,2000}/y;
const PLAIN = /[^\n`*~"“”[h]+/y;
const AFTER_ADDRESS = /[.,;:!?\]}…]+$/;

/**
 * The elements of one block. With `growing`, marks still open at the end count as closed there, so that a reply is
 * emphasised while it is being written instead of jumping when its closing mark arrives; and a mark that is the last
 * character is not shown before it is known what it opens or closes.
 */
export function inline(source: string, growing = false): Inline[] {
  return new Reading(source, growing, false).read();
}

class Reading {
  readonly #source: string;
  readonly #growing: boolean;
  /** Whether these are a link's words: they are words, also where they look like an address. */
  readonly #linked: boolean;
  readonly #frames: Frame[] = [{ mark: "", children: [] }];
  #plain = "";
  #at = 0;
  #ticks: TickRuns | null = null;

  constructor(source: string, growing: boolean, linked: boolean) {
    this.#source = source;
    this.#growing = growing;
    this.#linked = linked;
  }

  read(): Inline[] {
    const source = this.#source;
    while (this.#at < source.length) {
      PLAIN.lastIndex = this.#at;
      const plain = PLAIN.exec(source)?.[0];
      if (plain !== undefined) this.#say(plain);
      else this.#step(source[this.#at]!);
    }
    this.#flush();
    while (this.#frames.length > 1) {
      if (this.#growing && this.#top.children.length > 0) this.#closeFrame(this.#frames.length - 1);
      else this.#spill();
    }
    return this.#frames[0]!.children;
  }

  #step(char: string): void {
    if (char === "\n") {
      this.#plain = this.#plain.trimEnd();
      this.#add({ kind: "break" });
      this.#at += 1;
    } else if (char === "`") this.#code();
    else if (char === "*") this.#stars();
    else if (char === "~") this.#tildes();
    else if (char === "[") this.#link();
    else if (char === "h") this.#address();
    else this.#quoteMark(char as '"' | "“" | "”");
  }

  get #top(): Frame {
    return this.#frames[this.#frames.length - 1]!;
  }

  /** Takes `text`, which stands here, as it is. */
  #say(text: string): void {
    this.#plain += text;
    this.#at += text.length;
  }

  #flush(): void {
    if (this.#plain !== "") this.#top.children.push({ kind: "text", text: this.#plain });
    this.#plain = "";
  }

  #add(element: Inline): void {
    this.#flush();
    this.#top.children.push(element);
  }

  #find(mark: Mark): number {
    for (let i = this.#frames.length - 1; i > 0; i -= 1) if (this.#frames[i]!.mark === mark) return i;
    return -1;
  }

  #open(mark: Mark): void {
    if (this.#find(mark) > 0) {
      this.#plain += mark;
      return;
    }
    this.#flush();
    if (mark === '"' || mark === "“") this.#plain = mark;
    this.#frames.push({ mark, children: [] });
  }

  /** Closes frame `index`; those inside it were never closed, so their marks are plain text after all. */
  #closeFrame(index: number): void {
    this.#flush();
    while (this.#frames.length - 1 > index) this.#spill();
    const { mark, children } = this.#frames.pop()!;
    if (mark !== "") this.#top.children.push({ kind: KINDS[mark], children });
  }

  #spill(): void {
    const { mark, children } = this.#frames.pop()!;
    const shown = mark === "*" || mark === "**" || mark === "~~";
    if (shown) this.#top.children.push({ kind: "text", text: mark });
    for (const child of children) this.#top.children.push(child);
  }

  #code(): void {
    const source = this.#source;
    const run = runLength(source, this.#at, "`");
    this.#ticks ??= new TickRuns(source);
    const end = this.#ticks.next(this.#at + run, run);
    if (end < 0) {
      this.#say(source.slice(this.#at, this.#at + run));
      return;
    }
    this.#add({ kind: "code", text: source.slice(this.#at + run, end) });
    this.#at = end + run;
  }

  #stars(): void {
    const source = this.#source;
    const start = this.#at;
    const run = runLength(source, start, "*");
    const end = (this.#at = start + run);
    const canClose = start > 0 && !isSpace(source[start - 1]!);
    const canOpen = end < source.length && !isSpace(source[end]!);
    let left = run;
    while (left > 0 && canClose) {
      const double = left >= 2 ? this.#find("**") : -1;
      const index = double > 0 ? double : this.#find("*");
      if (index < 0) break;
      left -= this.#frames[index]!.mark.length;
      this.#closeFrame(index);
    }
    if (left > 0 && left <= 3 && this.#growing && end === source.length) return;
    // Bold nests inside emphasis, as in ***this***.
    if (left > 3 || !canOpen) this.#plain += "*".repeat(left);
    else if (left > 0) {
      if (left !== 2) this.#open("*");
      if (left >= 2) this.#open("**");
    }
  }

  #tildes(): void {
    const source = this.#source;
    const start = this.#at;
    const run = runLength(source, start, "~");
    const end = start + run;
    const open = this.#find("~~");
    if (run !== 2) this.#say("~".repeat(run));
    else if (open > 0 && !isSpace(source[start - 1]!)) {
      this.#at = end;
      this.#closeFrame(open);
    } else if (end < source.length && !isSpace(source[end]!)) {
      this.#at = end;
      this.#open("~~");
    } else this.#say("~~");
  }

  #link(): void {
    LINK.lastIndex = this.#at;
    const link = LINK.exec(this.#source);
    if (!link) {
      this.#say("[");
      return;
    }
    this.#add({ kind: "link", href: link[2]!, children: new Reading(link[1]!, false, true).read() });
    this.#at += link[0].length;
  }

  #address(): void {
    ADDRESS.lastIndex = this.#at;
    const found = this.#linked || isWordCharacter(this.#source[this.#at - 1]) ? null : ADDRESS.exec(this.#source);
    const href = closedWithin(found?.[0].replace(AFTER_ADDRESS, "") ?? "");
    if (!/^https?:\/\/\w/.test(href)) {
      this.#say("h");
      return;
    }
    this.#add({ kind: "link", href, children: [{ kind: "text", text: href }] });
    this.#at += href.length;
  }

  #quoteMark(char: '"' | "“" | "”"): void {
    const index = char === "“" ? -1 : this.#find(char === "”" ? "“" : char);
    const next = this.#source[this.#at + 1];
    const before = this.#source[this.#at - 1];
    this.#at += 1;
    if (index > 0) {
      this.#plain += char;
      this.#closeFrame(index);
    } else if (char !== "”" && next !== undefined && !isSpace(next) && !isWordCharacter(before)) this.#open(char);
    else this.#plain += char;
  }
}

/** Where runs of back-ticks are, by their length: looked up once, however many of them there are. */
class TickRuns {
  readonly #starts = new Map<number, number[]>();
  readonly #passed = new Map<number, number>();

  constructor(source: string) {
    for (const run of source.matchAll(/`+/g)) {
      const length = run[0].length;
      const starts = this.#starts.get(length);
      if (starts) starts.push(run.index);
      else this.#starts.set(length, [run.index]);
    }
  }

  /** Where the next run of exactly `length` begins, at `from` or later, or -1. `from` never goes back. */
  next(from: number, length: number): number {
    const starts = this.#starts.get(length) ?? [];
    let passed = this.#passed.get(length) ?? 0;
    while (passed < starts.length && starts[passed]! < from) passed += 1;
    this.#passed.set(length, passed);
    return starts[passed] ?? -1;
  }
}

/** The text on one line and without marks, for a preview. */
export function plainText(text: string): string {
  const words = (parts: readonly Inline[]): string =>
    parts.map((part) => (part.kind === "break" ? " " : "children" in part ? words(part.children) : part.text)).join("");
  return blocks(text)
    .filter((block) => block.kind !== "rule")
    .map(({ kind, info, source }) => (kind === "code" ? (info ? `${info} ${source}` : source) : words(inline(source, true))))
    .join(" ");
}

/** An address without the bracket that closes one opened before it. */
function closedWithin(address: string): string {
  return address.endsWith(")") && !address.includes("(") ? address.replace(/\)+$/, "") : address;
}

function runLength(source: string, from: number, char: string): number {
  let end = from;
  while (source[end] === char) end += 1;
  return end - from;
}

function isSpace(char: string): boolean {
  return char.trim() === "";
}

function isWordCharacter(char: string | undefined): boolean {
  return char !== undefined && /[\p{L}\p{N}]/u.test(char);
}
