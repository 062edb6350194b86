/** What the person has written in a chat and is on its way: messages being sent, and those that wait. */
import { putMessage } from "../lib/api/messages";
import { Outbox, type Pending } from "../lib/outbox";
import type { Letter } from "../lib/shelf";
import { lettersHere } from "../lib/queue";
import { waitInBrowser } from "../lib/reconnect";
import { isInProgress } from "../lib/turns";
import { newUuid } from "../lib/uuid";
import type { Problem } from "../lib/wire";
import type { Conversation } from "./conversation.svelte";

export class Writing {
  #pending = $state.raw<readonly Pending[]>([]);
  /** Waiting messages that are to go although the reply failed. */
  #insisted = $state.raw<ReadonlySet<string>>(new Set());
  /** What the outbox still has; a letter that it has not is known to the server. */
  #boxed: ReadonlySet<string> = new Set();
  readonly #conversation: Conversation;
  readonly #outbox: Outbox;

  /** Letters that are not on the branch yet, and belong behind it. */
  readonly letters: readonly Pending[] = $derived.by(() =>
    this.#pending.length === 0 ? this.#pending : lettersHere(this.#pending, this.#conversation.view),
  );
  /** The next waiting message is kept back, since the reply before it failed. */
  readonly keptBack: boolean = $derived.by(() => this.#conversation.head?.state === "failed");

  constructor(conversation: Conversation) {
    this.#conversation = conversation;
    const { chatId } = conversation;
    this.#outbox = new Outbox(chatId, {
      shelf: () => localStorage,
      send: ({ messageId, text, parentId }) =>
        putMessage(chatId, messageId, parentId === null ? { text } : { text, parent_id: parentId }),
      wait: waitInBrowser,
      onPending: (pending) => this.#show(pending),
      onSent: (_, answer) => conversation.learn([answer.message]),
      onRefused: (letter, problem) => this.#takeBack(letter, problem),
    });
  }

  /** Takes up what was left unsent; returns how to leave it for the next page. */
  open(): () => void {
    this.#outbox.open();
    const look = (): void => this.#outbox.look();
    const flush = (): void => this.#conversation.drafting.flush();
    const seen = (): void => {
      if (document.visibilityState === "hidden") flush();
      else void this.#conversation.chat.start();
    };
    window.addEventListener("storage", look);
    window.addEventListener("pagehide", flush);
    document.addEventListener("visibilitychange", seen);
    return () => {
      window.removeEventListener("storage", look);
      window.removeEventListener("pagehide", flush);
      document.removeEventListener("visibilitychange", seen);
      this.#outbox.close();
      this.#conversation.drafting.close();
    };
  }

  /** Sends what is written; behind a reply that still runs it waits for its end. */
  send(): void {
    const { canSend, text } = this.#conversation.drafting;
    if (!canSend) return;
    const { headId } = this.#conversation.view;
    const before = this.letters.at(-1)?.messageId ?? (this.#conversation.replying ? headId : null);
    this.#conversation.notice = null;
    this.#conversation.drafting.write("");
    this.#outbox.add({
      chatId: this.#conversation.chatId,
      messageId: newUuid(),
      parentId: before === null ? headId : null,
      text,
      writtenAt: new Date().toISOString(),
      held: before !== null,
      behind: before,
    });
  }

  /** A waiting message goes although the reply before it failed. */
  insist(messageId: string): void {
    this.#insisted = new Set([...this.#insisted, messageId]);
    this.tend();
  }

  /** The change of a waiting message is over: saved, or given up with null. */
  rewrite(messageId: string, text: string | null): void {
    if (text !== null) this.#outbox.rewrite(messageId, text);
    this.#conversation.edits.end(messageId);
    this.tend();
  }

  /** Takes a waiting message back. Returns its text, for an undo. */
  withdraw(messageId: string): string | null {
    const letter = this.letters.find((one) => one.messageId === messageId);
    this.#conversation.edits.end(messageId);
    return letter && this.#outbox.withdraw(messageId) ? letter.text : null;
  }

  /** Lets the first waiting message go, once the reply before it has ended. Called whenever something has changed. */
  tend(): void {
    this.#settle();
    const first = this.letters[0];
    const { head } = this.#conversation;
    if (!first?.held || head === null) return;
    if (isInProgress(head.state)) return this.#outbox.stand(first.messageId, head.id);
    // What is being changed does not go before that is over.
    if (this.#conversation.edits.isOpen(first.messageId)) return;
    if (head.state === "failed" && !this.#insisted.has(first.messageId)) return;
    this.#outbox.release(first.messageId, head.id);
  }

  /** A sent letter stays shown until the stream has brought its message; it must not vanish in between. */
  #show(pending: readonly Pending[]): void {
    const { view } = this.#conversation;
    this.#boxed = new Set(pending.map((one) => one.messageId));
    const left = this.#pending.filter((one) => view.messages.has(one.messageId) && !this.#boxed.has(one.messageId));
    this.#pending = [...left, ...pending];
    this.tend();
  }

  /** A letter that has arrived on the branch is a message, also once another branch is shown. */
  #settle(): void {
    if (this.#pending.length === 0) return;
    const { path } = this.#conversation;
    const left = this.#pending.filter((one) => this.#boxed.has(one.messageId) || !path.includes(one.messageId));
    if (left.length < this.#pending.length) this.#pending = left;
  }

  #takeBack(letter: Letter, problem: Problem): void {
    // Another tab has sent it: it is there.
    if (this.#conversation.view.messages.has(letter.messageId)) return;
    this.#conversation.notice = problem;
    this.#conversation.drafting.takeBack(letter.text);
  }
}
