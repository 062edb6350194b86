/** Which characters the gallery shows, and in which order. */
import { folded, words } from "./fold";
import type { Character } from "./wire";

export const ORDERS = ["recent", "favourites", "name", "newest"] as const;
export type Order = (typeof ORDERS)[number];

export interface Wish {
  /** Words that the name, the tagline or the tags have to hold, each somewhere. */
  readonly query: string;
  readonly tag: string | null;
  /** Whether only favourites are wished for. */
  readonly favourites: boolean;
  readonly order: Order;
}

/** The characters that are wished for, in the order that is wished for. */
export function arranged(characters: readonly Character[], wish: Wish, locale?: string): Character[] {
  const wanted = words(wish.query);
  const tag = wish.tag === null ? null : folded(wish.tag);
  const byName = new Intl.Collator(locale, { sensitivity: "base", numeric: true });
  const compare = comparison(wish.order, (a, b) => byName.compare(a.name, b.name));
  return characters
    .filter((one) => !wish.favourites || one.favourite)
    .filter((one) => tag === null || one.tags.some((own) => folded(own) === tag))
    .filter((one) => wanted.every((word) => haystack(one).includes(word)))
    .sort(compare);
}

/** The tags, the most used first. Tags that differ only in case or accents are one, written as at its first use. */
export function usedTags(characters: readonly Character[]): string[] {
  const uses = new Map<string, { readonly tag: string; count: number }>();
  for (const character of characters) {
    for (const key of new Set(character.tags.map(folded))) {
      const known = uses.get(key);
      if (known) known.count += 1;
      else if (key.trim()) uses.set(key, { tag: character.tags.find((tag) => folded(tag) === key)!, count: 1 });
    }
  }
  return [...uses.values()].sort((a, b) => b.count - a.count).map((use) => use.tag);
}

/** Those talked with last, the latest first. */
export const lately = (characters: readonly Character[]): Character[] =>
  characters.filter((one) => one.last_chat_id).sort(byLatest((one) => one.last_chat_at));

type Comparison = (a: Character, b: Character) => number;

function comparison(order: Order, byName: Comparison): Comparison {
  const recent = byLatest((one) => one.last_chat_at);
  const newest = byLatest((one) => one.created_at);
  if (order === "name") return byName;
  if (order === "newest") return (a, b) => newest(a, b) || byName(a, b);
  if (order === "favourites") {
    return (a, b) => Number(b.favourite ?? false) - Number(a.favourite ?? false) || recent(a, b) || byName(a, b);
  }
  return (a, b) => recent(a, b) || byName(a, b);
}

/** ISO instants are in the order of their letters; those without one come last. */
const byLatest =
  (instant: (one: Character) => string | null | undefined): Comparison =>
  (a, b) => {
    const [left, right] = [instant(a) ?? "", instant(b) ?? ""];
    return left === right ? 0 : left < right ? 1 : -1;
  };

const haystacks = new WeakMap<Character, string>();

/** What is searched in, folded once for each character. */
function haystack(one: Character): string {
  const known = haystacks.get(one);
  if (known !== undefined) return known;
  const made = folded([one.name, one.tagline ?? "", ...one.tags].join("\n"));
  haystacks.set(one, made);
  return made;
}
