/**
 * Finds what somebody means by a few letters: they have to occur in this order, and count for more where words begin and
 * where they stand together. Case and accents do not matter.
 */
export interface Match {
  readonly score: number;
  /** Where the letters were found, in UTF-16 units of the text. */
  readonly at: readonly number[];
}

const BEGINS_WORD = 8;
const FOLLOWS = 9;
const FOUND = 1;
const GAP = 0.15;
const MOST_GAP = 3;

/** One letter for each UTF-16 unit of the text, so that places stay what they are. */
function plain(text: string): string[] {
  return Array.from({ length: text.length }, (_, i) => {
    const letter = text[i]!.normalize("NFD")[0]!.toLowerCase();
    return letter === "" ? text[i]! : letter[0]!;
  });
}

const isWord = (letter: string | undefined): boolean => letter !== undefined && /[\p{L}\p{N}]/u.test(letter);

/** How well the text answers the query; null where it does not. An empty query is answered by everything. */
export function match(query: string, text: string): Match | null {
  const wanted = plain(query).filter((letter) => letter.trim() !== "");
  const letters = plain(text);
  if (wanted.length === 0) return { score: 0, at: [] };
  if (wanted.length > letters.length) return null;

  // best[j]: the best way to have found the letters so far with the last of them at j.
  let best: (Match | null)[] = letters.map(() => null);
  for (const [i, letter] of wanted.entries()) {
    const next: (Match | null)[] = letters.map(() => null);
    let before: Match | null = null;
    let beforeAt = -1;
    for (let j = 0; j < letters.length; j += 1) {
      // The best ending before j, allowing for how far away it is by now.
      const ending = j > 0 && i > 0 ? best[j - 1]! : null;
      if (ending && (before === null || ending.score >= before.score - GAP * (j - 1 - beforeAt))) {
        before = ending;
        beforeAt = j - 1;
      }
      if (letters[j] !== letter) continue;
      const own = FOUND + (!isWord(letters[j - 1]) ? BEGINS_WORD : 0);
      if (i === 0) {
        next[j] = { score: own - Math.min(MOST_GAP, GAP * j), at: [j] };
        continue;
      }
      const apart = before && before.score - Math.min(MOST_GAP, GAP * (j - 1 - beforeAt));
      const joined = ending && ending.score + FOLLOWS;
      if (apart === null && joined === null) continue;
      const from = joined !== null && joined >= (apart ?? -Infinity) ? ending! : before!;
      next[j] = { score: own + Math.max(joined ?? -Infinity, apart ?? -Infinity), at: [...from.at, j] };
    }
    best = next;
  }
  let found: Match | null = null;
  for (const one of best) if (one && (found === null || one.score > found.score)) found = one;
  // Of two texts that answer equally well the shorter one is meant.
  return found && { score: found.score - Math.min(MOST_GAP, letters.length * 0.02), at: found.at };
}

export interface Found<T> {
  readonly item: T;
  readonly match: Match;
}

/** Those that answer the query, the best first; among equals the order stays. `lessOf` is what is taken off a score. */
export function search<T>(query: string, items: readonly T[], textOf: (item: T) => string, lessOf: (item: T) => number = () => 0): Found<T>[] {
  const found: Found<T>[] = [];
  for (const item of items) {
    const matched = match(query, textOf(item));
    if (matched) found.push({ item, match: { ...matched, score: matched.score - lessOf(item) } });
  }
  return found.sort((one, other) => other.match.score - one.match.score);
}

/** The text in pieces, so that what was found can be set off. */
export function pieces(text: string, at: readonly number[]): { readonly text: string; readonly found: boolean }[] {
  const marked = new Set(at);
  const all: { text: string; found: boolean }[] = [];
  for (let i = 0; i < text.length; i += 1) {
    const found = marked.has(i);
    const last = all.at(-1);
    if (last && last.found === found) last.text += text[i]!;
    else all.push({ text: text[i]!, found });
  }
  return all;
}
