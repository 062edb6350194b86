/** The line that presents a character, as the server will make it (core/characters.py: tagline): for a preview while one writes. */
import { withNames } from "./macros";

const MOST = 120;
const MARKUP = /<[^<>]*>|!?\[([^\]\[]*)\]\([^()]*\)|https?:\/\/\S+|[*_#`~]+/g;
const SENTENCE_END = /(?<!\bMr)(?<!\bMs)(?<!\bDr)(?<!\bSt)(?<!\bMrs)[.!?…]["'”’)]*(?=\s|$)/;

export function taglineOf(card: { readonly creator_notes: string; readonly description: string }, name: string): string {
  for (const text of [card.creator_notes, card.description]) {
    const words = withNames(text.slice(0, 4000), name, "you").replace(MARKUP, "$1");
    const line = words
      .split("\n")
      .find((one) => one.replace(/^[ \-\t"'|:]+|[ \-\t"'|:]+$/g, "") !== "")
      ?.trim()
      .split(/\s+/)
      .join(" ");
    if (line) return firstSentence(line);
  }
  return "";
}

function firstSentence(line: string): string {
  const end = SENTENCE_END.exec(line);
  const sentence = end ? line.slice(0, end.index + end[0].length) : line;
  if (sentence.length <= MOST) return sentence;
  const cut = sentence.slice(0, MOST);
  return cut.includes(" ") ? `${cut.slice(0, cut.lastIndexOf(" ")).replace(/[ ,;:-]+$/, "")}…` : `${cut.slice(0, -1)}…`;
}
