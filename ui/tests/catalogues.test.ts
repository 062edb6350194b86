/** Every text is in every language, and none has stayed in a component. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, type AST } from "svelte/compiler";
import { describe, expect, test } from "vitest";
import { de as firstGerman } from "../src/i18n/de";
import { operator as operatorDe } from "../src/i18n/de/operator";
import { en as firstLoad } from "../src/i18n/en";
import { operator as operatorEn } from "../src/i18n/en/operator";

/** The operator's page brings its own texts. */
const en = { ...firstLoad, operator: operatorEn };
const de = { ...firstGerman, operator: operatorDe };

const SOURCES = join(import.meta.dirname, "..", "src");

const ERRORS = join(SOURCES, "..", "..", "src", "perdure", "core", "errors");
/** The tree of errors: its four faults, as they stand in the server's source. */
const tree = ["server", "model", "network", "client"].map((fault) => readFileSync(join(ERRORS, `${fault}.py`), "utf8")).join("\n");

/** What is the same in every language: names, and what is typed as it stands. */
const SAME_EVERYWHERE = new Set(["Perdure", "· Perdure", "http://127.0.0.1:11434/v1", "access_token"]);
/** What is shown or read aloud although it is an attribute. */
const TOLD = new Set(["label", "title", "text", "placeholder", "alt", "aria-label", "aria-valuetext", "hint", "error", "confirmLabel", "description"]);

type Leaf = readonly [path: string, value: unknown];
function leaves(value: unknown, path = ""): Leaf[] {
  if (typeof value !== "object" || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path ? `${path}.${key}` : key));
}

/** Samplers go by these names in every language. */
const NAMES = /^(Top|Min) [PK]$/;

/** Texts that only a translation needs: problems that the server has told in English. */
const ofServer = (path: string): boolean => path.startsWith("common.problems.");

describe("catalogues", () => {
  test("German says all that English says, and nothing else", () => {
    const keys = (catalogue: object): string[] =>
      leaves(catalogue).map(([path]) => path).filter((path) => !ofServer(path)).sort();
    expect(keys(de)).toEqual(keys(en));
  });

  test("a text is a text in both, and what is put into it is put into both", () => {
    const german = new Map(leaves(de));
    for (const [path, english] of leaves(en)) {
      const translated = german.get(path);
      expect(typeof translated, path).toBe(typeof english);
      if (typeof english === "string") expect((translated as string).trim(), path).not.toBe("");
      else expect((translated as () => void).length, path).toBe((english as () => void).length);
    }
  });

  test("every error that the server can tell of has its words in German, and none that it cannot", () => {
    const codes = [...tree.matchAll(/^    code = "(\w+)"$/gm)].map((match) => match[1]!);
    expect(Object.keys(de.common.problems).sort()).toEqual(codes.sort());
  });

  test("whose fault it is, is said in English as the server says it", () => {
    for (const sentence of Object.values(en.common.whose)) expect(tree).toContain(`verdict = "${sentence}"`);
  });

  test("German is German: hardly a sentence is the same", () => {
    const german = new Map(leaves(de));
    const same = leaves(en).filter(([path, english]) => typeof english === "string" && / /.test(english) && !NAMES.test(english) && german.get(path) === english);
    expect(same.map(([path]) => path)).toEqual([]);
  });
});

const sources = readdirSync(SOURCES, { recursive: true, encoding: "utf8" }).filter((name) => /\.(svelte|ts)$/.test(name));
const components = sources.filter((name) => name.endsWith(".svelte"));

/** The texts, and the groups of texts, that a source reads: "chat.edit", "gallery.orders". */
function readIn(source: string): string[] {
  const sections = Object.keys(en);
  // `const words = $derived(t().settings.models)`: what is read of `words` is read of that group, and not all of it.
  const groups = new Map<string, string>(sections.map((section) => [section, section]));
  const rest = source.replace(/const (\w+) = (?:\$derived\()?t\(\)\.([\w.]+)\)?;/g, (_, name: string, group: string) => {
    groups.set(name, group);
    return "";
  });
  if (source.includes("i18n/operator")) groups.set("words", "operator");
  // So it is where they are handed in: `words: Catalogue["settings"]["data"]`.
  for (const [, name, steps] of source.matchAll(/(\w+): Catalogue((?:\["\w+"\])+)/g)) {
    groups.set(name!, [...steps!.matchAll(/\w+/g)].join("."));
  }
  // Which text of a group it is may be known only while the page runs.
  const looked = [...groups].filter(([name]) => new RegExp(`(?<![.\\w])${name}\\[`).test(rest)).map(([, group]) => group);
  const named = [...rest.matchAll(/(\w+)(?:\(\))?((?:\.\w+)+)/g)].flatMap(([, name, chain]) => {
    const group = groups.get(name!);
    const path = chain!.slice(1);
    return [...(group === undefined ? [] : [`${group}.${path}`]), ...(sections.includes(path.split(".")[0]!) && path.includes(".") ? [path] : [])];
  });
  return [...looked, ...named];
}

/** Texts that are looked up in a whole section: names of places, days, and how much there is. */
const LOOKED_UP = new Set(["common.characters", "common.chats", "chats.today", "chats.yesterday", "chats.week", "card.heavy", "card.over"]);

test("every text is shown somewhere", () => {
  const all = sources.filter((name) => !/^i18n.(en|de)\b/.test(name)).flatMap((name) => readIn(readFileSync(join(SOURCES, name), "utf8")));
  const read = new Set(all);
  const isRead = (path: string): boolean =>
    [...path.matchAll(/\.|$/g)].some(({ index }) => index > 0 && path.slice(0, index).includes(".") && read.has(path.slice(0, index))) ||
    // A function's or a text's own members: `t().chat.waits.length`.
    all.some((one) => one.startsWith(`${path}.`));
  expect(leaves(en).map(([path]) => path).filter((path) => !isRead(path) && !LOOKED_UP.has(path))).toEqual([]);
});

const saysSomething = (text: string): boolean => /\p{L}{2}/u.test(text) && !SAME_EVERYWHERE.has(text.trim());
/** Names of keys, selectors, and types of elements. */
const TECHNICAL = /^(Arrow|Page)(Up|Down|Left|Right)$|^(Enter|Escape|Home|End|Tab|Space|Backspace|Control|Mod|Files|NFD)$|^Mod\+|\[|^\(|^[a-z-]+: [a-z]+$|^[A-Z]+$/;
/** A literal within an expression may be a key or a class; a sentence, or a word with a capital, is told to somebody. */
const looksTold = (text: string): boolean => saysSomething(text) && !TECHNICAL.test(text) && (/^\p{Lu}\p{Ll}+/u.test(text) || /\p{L}\p{P}* \p{L}/u.test(text) || text.includes("…"));

/** The literal texts that a component shows. */
function literalsOf(source: string): string[] {
  const root = parse(source, { modern: true });
  const found: string[] = [];
  const visit = (node: unknown, told: boolean): void => {
    if (Array.isArray(node)) return node.forEach((one) => visit(one, told));
    if (typeof node !== "object" || node === null) return;
    const { type } = node as { type?: string };
    if (type === "Comment") return;
    if (type === "Text") {
      const { data } = node as AST.Text;
      if (told && saysSomething(data)) found.push(data.trim());
      return;
    }
    if (type === "Attribute") {
      const { name, value } = node as AST.Attribute;
      if (value !== true) visit(value, TOLD.has(name));
      return;
    }
    if (type === "Literal" && typeof (node as { value: unknown }).value === "string") {
      const { value } = node as unknown as { value: string };
      if (looksTold(value)) found.push(value);
      return;
    }
    if (type === "TemplateElement") {
      const { cooked } = (node as unknown as { value: { cooked: string } }).value;
      if (looksTold(cooked)) found.push(cooked);
      return;
    }
    // Sources of imports are no texts.
    if (type === "ImportDeclaration" || type === "ImportExpression") return;
    for (const [key, inner] of Object.entries(node)) if (key !== "parent" && key !== "metadata") visit(inner, told);
  };
  visit(root.fragment, true);
  if (root.instance) visit(root.instance.content, true);
  if (root.module) visit(root.module.content, true);
  return found;
}

describe("components", () => {
  test.each(components)("%s holds no text of its own", (name) => {
    expect(literalsOf(readFileSync(join(SOURCES, name), "utf8"))).toEqual([]);
  });

  test("the scanner finds what it should", () => {
    const source = `<script>const a = "Another worker"; const b = "key";</script><p class="Big one">Hello</p><i title="Say it">{x ? "Yes…" : 'no'} · {y}</i>`;
    expect(literalsOf(source)).toEqual(["Hello", "Say it", "Yes…", "Another worker"]);
  });
});
