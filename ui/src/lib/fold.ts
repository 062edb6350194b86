/** Texts as they are compared in a search: without case, accents or the width of letters. */
const LETTERS: Readonly<Record<string, string>> = { ß: "ss", æ: "ae", œ: "oe", ø: "o", ł: "l", đ: "d", ı: "i", þ: "th" };

export function folded(text: string): string {
  return text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[ßæœøłđıþ]/g, (letter) => LETTERS[letter]!);
}

/** The words that are looked for; none where nothing is. */
export const words = (query: string): string[] => folded(query).split(/\s+/).filter(Boolean);
