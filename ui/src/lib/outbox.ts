/**
 * Messages written but not yet known to be durable. Each keeps the UUID it was born with, is sent again until the
 * server says yes or refuses, and outlives a reload of the page (promises 1 and 7).
 *
 * A letter may be held: it is behind a reply that still runs, or behind another letter, and what it will follow is not
 * known yet. It is released once, and what it follows is written down before it goes, so that every repetition says the
 * same.
 *
 * Every entry has its own storage key: two tabs never overwrite each other's list, and sending one entry from both is
 * harmless because its UUID is the same.
 */
import { asProblemError, type ProblemError } from "./problem";
import { persist, type Wait } from "./reconnect";
import { letters, put, remove, take, type Letter, type OpenShelf } from "./shelf";
import type { Problem, Sent } from "./wire";

/** A letter under way; `trouble` is why the last try failed, null while nothing has gone wrong. */
export interface Pending extends Letter {
  readonly trouble: Problem | null;
}

export interface Post {
  readonly shelf: OpenShelf;
  readonly send: (letter: Letter) => Promise<Sent>;
  readonly wait: Wait;
  readonly onPending: (pending: readonly Pending[]) => void;
  readonly onSent: (letter: Letter, answer: Sent) => void;
  /** The server will never take this letter: its text belongs back in the composer. */
  readonly onRefused: (letter: Letter, problem: Problem) => void;
}

export class Outbox {
  readonly #chatId: string;
  readonly #post: Post;
  readonly #closed = new AbortController();
  /** Whether the shelf can be trusted to hold what is pending. */
  #kept = true;
  #pending: readonly Pending[] = [];

  constructor(chatId: string, post: Post) {
    this.#chatId = chatId;
    this.#post = post;
  }

  /** Takes up what an earlier page left unsent. */
  open(): void {
    for (const letter of letters(this.#post.shelf)) if (letter.chatId === this.#chatId) this.#start(letter);
  }

  /** Stops trying; unsent letters stay on the shelf for the next page. */
  close(): void {
    this.#closed.abort();
  }

  add(letter: Letter): void {
    this.#keep(letter);
    this.#start(letter);
  }

  /** Lets a held letter go, behind `parentId`. Another tab may have let it go, or withdrawn it, before. */
  release(messageId: string, parentId: string | null): void {
    const held = this.#heldNow(messageId);
    if (!held) return;
    const letter = held.held ? { ...held, parentId, held: false } : held;
    this.#replace(letter);
    void this.#deliver(letter);
  }

  /** A held letter now waits for this reply. */
  stand(messageId: string, behind: string): void {
    const held = this.#heldNow(messageId);
    if (held?.held && held.behind !== behind) this.#replace({ ...held, behind });
  }

  /** Changes what a held letter says. */
  rewrite(messageId: string, text: string): void {
    const held = this.#heldNow(messageId);
    if (held?.held) this.#replace({ ...held, text });
  }

  /** Takes a held letter back; returns whether it was still there to be taken. */
  withdraw(messageId: string): boolean {
    const held = this.#heldNow(messageId);
    if (!held?.held) return false;
    this.#leave(held);
    return true;
  }

  /** The shelf was changed by another tab: what it has withdrawn is withdrawn here, what it has rewritten is shown. */
  look(): void {
    for (const one of this.#pending.filter(({ held }) => held)) {
      const now = this.#heldNow(one.messageId);
      if (now && (now.text !== one.text || now.behind !== one.behind)) {
        this.#change(this.#pending.map((other) => (other === one ? { ...one, text: now.text, behind: now.behind } : other)));
      }
    }
  }

  /** A letter that is still held here, as the shelf has it now; gone from the shelf, it is gone here as well. */
  #heldNow(messageId: string): Letter | null {
    const known = this.#pending.find((one) => one.messageId === messageId && one.held);
    if (!known) return null;
    const { trouble: _, ...letter } = known;
    if (!this.#kept) return letter;
    try {
      const now = take(this.#post.shelf, messageId);
      if (now) return now;
    } catch {
      return letter;
    }
    this.#change(this.#pending.filter((one) => one !== known));
    return null;
  }

  #keep(letter: Letter): void {
    try {
      put(this.#post.shelf, letter);
    } catch {
      this.#kept = false;
    }
  }

  #replace(letter: Letter): void {
    this.#keep(letter);
    this.#change(this.#pending.map((one) => (one.messageId === letter.messageId ? { ...letter, trouble: null } : one)));
  }

  #start(letter: Letter): void {
    this.#change([...this.#pending, { ...letter, trouble: null }]);
    if (!letter.held) void this.#deliver(letter);
  }

  async #deliver(letter: Letter): Promise<void> {
    let answer: Sent;
    try {
      answer = await persist(() => this.#post.send(letter), {
        wait: this.#post.wait,
        signal: this.#closed.signal,
        onFailure: (error) => this.#trouble(letter, error),
      });
    } catch (thrown) {
      if (this.#closed.signal.aborted) return;
      this.#leave(letter);
      this.#post.onRefused(letter, asProblemError(thrown).problem);
      return;
    }
    // Told before it is forgotten: the message must not vanish between 'pending' and 'known'.
    this.#post.onSent(letter, answer);
    this.#forget(letter);
  }

  #trouble(letter: Letter, error: ProblemError): void {
    this.#change(
      this.#pending.map((one) => (one.messageId === letter.messageId ? { ...one, trouble: error.problem } : one)),
    );
  }

  /** A letter that will never be a message: what waits behind it waits for what that stood behind. */
  #leave(letter: Letter): void {
    const behind = letter.parentId ?? letter.behind;
    for (const one of this.#pending) if (one.behind === letter.messageId && behind !== null) this.stand(one.messageId, behind);
    this.#forget(letter);
  }

  #forget(letter: Letter): void {
    remove(this.#post.shelf, letter.messageId);
    this.#change(this.#pending.filter((one) => one.messageId !== letter.messageId));
  }

  #change(pending: readonly Pending[]): void {
    this.#pending = pending;
    this.#post.onPending(pending);
  }
}
