/** Stands in for what a browser gives: news without tabs, a clock that is set by hand, and letters. */
import { Gate } from "../src/lib/gate";
import { Memory, type Kept } from "../src/lib/kept";
import { written, type Letter } from "../src/lib/letters";
import type { News, Tidings } from "../src/lib/news";
import { ProblemError, unreachable } from "../src/lib/problem";
import type { Problem } from "../src/lib/wire";

/** What the tabs of one browser share; the clock is in milliseconds. */
export class Browser {
  now = 1_000_000;
  readonly kept: Kept = new Memory();
  readonly #listeners = new Set<{ readonly from: object; readonly hear: (tidings: Tidings) => void }>();

  /** The news as one tab has them: it hears all but what it tells itself. */
  tab(): News {
    const from = {};
    return {
      tell: (tidings) => {
        for (const one of this.#listeners) if (one.from !== from) one.hear(tidings);
      },
      hear: (hear) => {
        const one = { from, hear };
        this.#listeners.add(one);
        return () => this.#listeners.delete(one);
      },
    };
  }

  /** A tab's way to the server; `random` is the jitter. */
  gate(random = 0.5, news: News = this.tab()): Gate {
    return new Gate({ kept: Promise.resolve(this.kept), news, now: () => this.now, random: () => random });
  }
}

export const letter = (messageId: string, more: Partial<Letter> = {}): Letter => ({
  ...written({
    chatId: "chat",
    messageId,
    parentId: "greeting",
    text: `text of ${messageId}`,
    writtenAt: `2026-01-01T00:00:0${messageId.at(-1)}Z`,
    held: false,
    behind: null,
  }),
  ...more,
});

/** A problem as the server would answer with it. */
export const failure = (status: number, more: Partial<Problem> = {}): ProblemError =>
  new ProblemError({ ...unreachable, code: `http_${status}`, status, ...more });

export const nobody = (): ProblemError => new ProblemError(unreachable);

/** Lets whatever is under way go on. */
export const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
