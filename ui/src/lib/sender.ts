/**
 * Sends what lies in the outbox: oldest first, in order behind a message, one at a time in the whole browser, each under the
 * id it was born with, until the server has it or will never take it. What came of each try is written down, so that the
 * next page goes on where this one was. Framework-free: pages and the service worker share it.
 */
import type { Gate } from "./gate";
import type { Kept } from "./kept";
import type { Alone } from "./lease";
import { CONFLICT, sendable, type Letter } from "./letters";
import { asProblemError, Withheld, type ProblemError } from "./problem";
import { backoff_s } from "./reconnect";
import type { Problem, Sent } from "./wire";

export interface Post {
  readonly kept: Promise<Kept>;
  readonly gate: Pick<Gate, "circuit" | "withholds">;
  readonly alone: Alone;
  readonly send: (letter: Letter) => Promise<Sent>;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  /** Which letter is on its way; null for none. */
  readonly onSending: (messageId: string | null) => void;
  /** Told before the letter leaves the shelf: the message must not vanish between 'pending' and 'known'. */
  readonly onSent: (letter: Letter, answer: Sent) => void;
  /** What lies there has changed. */
  readonly onChange: () => Promise<void>;
  /** The server wants the access token. */
  readonly onLocked: () => void;
}

/** What was changed after it had arrived as it was before: the same as the server says of one id with two contents. */
const arrivedBefore: Problem = {
  code: CONFLICT,
  fault: "client",
  title: "It had already arrived as it was before the change",
  detail: null,
  remedy: null,
  saved: true,
};

/** Where another page is sending, it is looked again after so long, in milliseconds. */
const ANOTHER_MS = 1000;
/** A letter that waits for the access token is tried by itself so rarely: somebody has to give it. */
const LOCKED_MS = 60_000;

export class Sender {
  readonly #post: Post;
  #running: Promise<number | null> | null = null;
  #again = false;

  constructor(post: Post) {
    this.#post = post;
  }

  /** Sends what is due. Resolves to when the next is, in Unix milliseconds; null where nothing waits to be sent. */
  run(): Promise<number | null> {
    this.#again = true;
    this.#running ??= this.#rounds().finally(() => (this.#running = null));
    return this.#running;
  }

  async #rounds(): Promise<number | null> {
    let alone = true;
    while (this.#again) {
      this.#again = false;
      if (this.#post.gate.withholds) await this.#explain();
      else if ((await this.#due()).length > 0) alone = await this.#post.alone(() => this.#round());
    }
    const next = await this.#next();
    return next === null || alone ? next : Math.max(next, this.#post.now() + ANOTHER_MS);
  }

  async #round(): Promise<void> {
    for (;;) {
      const [letter] = await this.#due();
      if (!letter || !(await this.#deliver(letter))) break;
    }
    this.#post.onSending(null);
  }

  async #letters(): Promise<readonly Letter[]> {
    return sendable(await (await this.#post.kept).all("letters"));
  }

  /** Nothing is tried just now, and each letter says why. */
  async #explain(): Promise<void> {
    const { problem } = this.#post.gate.circuit;
    for (const letter of await this.#letters()) {
      if (letter.trouble === null) await this.#note(letter, (one) => ({ ...one, trouble: one.trouble ?? problem }));
    }
  }

  async #due(): Promise<readonly Letter[]> {
    return (await this.#letters()).filter(({ notBefore }) => notBefore <= this.#post.now());
  }

  async #next(): Promise<number | null> {
    const letters = await this.#letters();
    if (letters.length === 0) return null;
    return Math.max(this.#post.gate.circuit.notBefore, Math.min(...letters.map(({ notBefore }) => notBefore)));
  }

  /** Whether the next may be tried. */
  async #deliver(letter: Letter): Promise<boolean> {
    const { onSending, send, onSent } = this.#post;
    onSending(letter.messageId);
    let answer: Sent;
    try {
      answer = await send(letter);
    } catch (thrown) {
      return this.#failed(letter, asProblemError(thrown));
    }
    onSent(letter, answer);
    // It may have been changed, or taken back, while it was on its way.
    await this.#note(letter, (now) => (now.text === letter.text ? null : { ...now, refused: true, trouble: arrivedBefore }));
    return true;
  }

  async #failed(letter: Letter, error: ProblemError): Promise<boolean> {
    const { problem } = error;
    const { gate, now, onLocked } = this.#post;
    if (problem.code === "access_token_required") {
      // At once: by the time that it is noted the token may have been given.
      onLocked();
      await this.#note(letter, (one) => ({ ...one, tries: one.tries + 1, trouble: problem, notBefore: now() + LOCKED_MS }));
      return false;
    }
    if (error instanceof Withheld) await this.#note(letter, (one) => ({ ...one, trouble: one.trouble ?? problem }));
    else if (!error.retryable) await this.#note(letter, (one) => ({ ...one, refused: true, trouble: problem }));
    else {
      // Where the whole server struggles, the circuit says when.
      const notBefore = gate.withholds ? 0 : now() + this.#wait_s(letter, error) * 1000;
      await this.#note(letter, (one) => ({ ...one, tries: one.tries + 1, trouble: problem, notBefore }));
    }
    return !gate.withholds;
  }

  #wait_s({ tries }: Letter, error: ProblemError): number {
    return Math.max(backoff_s(tries, this.#post.random()), error.retryAfterS ?? 0);
  }

  async #note(letter: Letter, to: (now: Letter) => Letter | null): Promise<void> {
    await (await this.#post.kept).change("letters", letter.messageId, (now) => now && to(now));
    await this.#post.onChange();
  }
}
