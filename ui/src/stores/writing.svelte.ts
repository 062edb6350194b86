/** What the person has written in a chat and is on its way: messages being sent, and those that wait. */
import type { Fresh, Letter } from "../lib/letters";
import { lettersHere } from "../lib/queue";
import { isInProgress } from "../lib/turns";
import { newUuid } from "../lib/uuid";
import type { Conversation } from "./conversation.svelte";
import { letters } from "./outbox.svelte";

export class Writing {
  /** Waiting messages that are to go although the reply failed. */
  #insisted = $state.raw<ReadonlySet<string>>(new Set());
  /** Letters that were sent and that the stream has not brought yet: they must not vanish in between. */
  #arriving = $state.raw<readonly Letter[]>([]);
  readonly #conversation: Conversation;

  /** Letters that are not on the branch yet, and belong behind it. */
  readonly letters: readonly Letter[] = $derived.by(() => {
    const { chatId, view } = this.#conversation;
    const mine = letters.all.filter((one) => one.chatId === chatId);
    const boxed = new Set(mine.map((one) => one.messageId));
    const arriving = this.#arriving.filter((one) => !boxed.has(one.messageId));
    return mine.length + arriving.length === 0 ? NONE : lettersHere([...arriving, ...mine], view);
  });
  /** The next waiting message is kept back, since the reply before it failed. */
  readonly keptBack: boolean = $derived.by(() => this.#conversation.head?.state === "failed");

  constructor(conversation: Conversation) {
    this.#conversation = conversation;
  }

  /** Follows what happens to them; returns how to stop. */
  open(): () => void {
    const { drafting } = this.#conversation;
    const flush = (): void => drafting.flush();
    const seen = (): void => {
      if (document.visibilityState === "hidden") flush();
      else void this.#conversation.chat.start();
    };
    const unheard = letters.onSent((message) => {
      const letter = letters.all.find((one) => one.messageId === message.id && one.chatId === this.#conversation.chatId);
      if (letter) this.#arriving = [...this.#arriving, letter];
      if (letter) this.#conversation.learn([message]);
    });
    const unwatched = $effect.root(() => {
      $effect(() => this.tend());
    });
    window.addEventListener("pagehide", flush);
    document.addEventListener("visibilitychange", seen);
    return () => {
      window.removeEventListener("pagehide", flush);
      document.removeEventListener("visibilitychange", seen);
      unheard();
      unwatched();
      drafting.close();
    };
  }

  /** Sends what is written; behind a reply that still runs it waits for its end. */
  send(): void {
    const { canSend, text } = this.#conversation.drafting;
    if (!canSend) return;
    const { headId } = this.#conversation.view;
    const before = this.letters.at(-1)?.messageId ?? (this.#conversation.replying ? headId : null);
    this.#conversation.notice = null;
    const letter: Fresh = {
      chatId: this.#conversation.chatId,
      messageId: newUuid(),
      parentId: before === null ? headId : null,
      text,
      writtenAt: new Date().toISOString(),
      held: before !== null,
      behind: before,
    };
    void letters.box.add(letter, this.#conversation.drafting.sent());
  }

  /** A waiting message goes although the reply before it failed. */
  insist(messageId: string): void {
    this.#insisted = new Set([...this.#insisted, messageId]);
  }

  /** It is being changed: it does not go before that is over. */
  edit(letter: Letter): void {
    if (!letter.held) letters.box.pause(letter.messageId, true);
    this.#conversation.edits.begin(letter.messageId);
  }

  /** The change of a waiting message is over: saved, or given up with null. */
  rewrite(messageId: string, text: string | null): void {
    if (text === null) letters.box.pause(messageId, false);
    else letters.box.rewrite(messageId, text);
    this.#conversation.edits.end(messageId);
  }

  /** Takes a waiting message back. Returns its text, for an undo; null where it had gone before. */
  async withdraw(messageId: string): Promise<string | null> {
    this.#conversation.edits.end(messageId);
    return (await letters.box.withdraw(messageId))?.text ?? null;
  }

  /** Lets the first waiting message go, once the reply before it has ended. Called whenever something has changed. */
  tend(): void {
    this.#settle();
    const first = this.letters[0];
    const { head } = this.#conversation;
    if (!first?.held || head === null || this.#conversation.asOf !== null) return;
    if (isInProgress(head.state)) return letters.box.stand(first.messageId, head.id);
    // What is being changed does not go before that is over.
    if (this.#conversation.edits.isOpen(first.messageId)) return;
    if (head.state === "failed" && !this.#insisted.has(first.messageId)) return;
    letters.box.release(first.messageId, head.id);
  }

  /** A letter that has arrived on the branch is a message, also once another branch is shown. */
  #settle(): void {
    const { path } = this.#conversation;
    const left = this.#arriving.filter((one) => !path.includes(one.messageId));
    if (left.length < this.#arriving.length) this.#arriving = left;
  }
}

const NONE: readonly Letter[] = [];
