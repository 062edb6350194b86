/** How many tokens texts take, asked when the writing rests. What was counted last stays until it is counted anew. */
import { countTokens } from "../lib/api/characters";

const REST_MS = 400;
/** Texts in one question; the server takes no more. */
const MOST = 64;

export class TokenCounts {
  /** By the name of the text. */
  counts = $state.raw<Readonly<Record<string, number>>>({});
  /** Whether the model itself has counted. */
  exact = $state(true);
  readonly #known = new Map<string, number>();
  #resting: ReturnType<typeof setTimeout> | undefined;
  #asking = new AbortController();

  /** Counts these texts, soon. */
  count(texts: Readonly<Record<string, string>>): void {
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => void this.#count(texts), REST_MS);
  }

  stop(): void {
    clearTimeout(this.#resting);
    this.#asking.abort();
  }

  async #count(texts: Readonly<Record<string, string>>): Promise<void> {
    this.#asking.abort();
    const { signal } = (this.#asking = new AbortController());
    const unknown = [...new Set(Object.values(texts))].filter((text) => text !== "" && !this.#known.has(text));
    try {
      for (let at = 0; at < unknown.length; at += MOST) {
        const asked = unknown.slice(at, at + MOST);
        const answer = await countTokens(asked, signal);
        if (answer.exact !== this.exact) this.#known.clear();
        this.exact = answer.exact;
        asked.forEach((text, i) => this.#known.set(text, answer.tokens[i] ?? 0));
      }
    } catch {
      return; // Counts are a convenience: the next change asks again.
    }
    const counted = Object.entries(texts).map(([name, text]) => [name, text === "" ? 0 : this.#known.get(text)] as const);
    this.counts = Object.fromEntries(counted.filter((entry): entry is [string, number] => entry[1] !== undefined));
  }
}
