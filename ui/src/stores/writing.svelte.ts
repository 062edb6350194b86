/** What the person is writing in a chat, and what is on its way: the draft, messages being sent, and those that wait. */
import { putDraft } from "../lib/api/chats";
import { putMessage } from "../lib/api/messages";
import { codePointLength } from "../lib/codepoints";
import { DraftSaver, keepDraft, readDraft, reconciled, type Draft } from "../lib/drafts";
import { Outbox, type Letter, type Pending } from "../lib/outbox";
import { lettersHere } from "../lib/queue";
import { waitInBrowser } from "../lib/reconnect";
import { isInProgress } from "../lib/turns";
import { newUuid } from "../lib/uuid";
import type { Problem } from "../lib/wire";
import type { Conversation } from "./conversation.svelte";

/** What a message may hold, in code points, as the server counts. */
export const LIMIT = 100_000;

export class Writing {
  #draft = $state.raw<Draft>({ text: "", base: "" });
  #pending = $state.raw<readonly Pending[]>([]);
  /** Waiting messages that are to go although the reply failed. */
  #insisted = $state.raw<ReadonlySet<string>>(new Set());
  /** What the outbox still has; a letter that it has not is known to the server. */
  #boxed: ReadonlySet<string> = new Set();
  #told = 0;
  readonly #conversation: Conversation;
  readonly #outbox: Outbox;
  readonly #saver: DraftSaver;

  readonly text: string = $derived(this.#draft.text);
  readonly length: number = $derived(codePointLength(this.text));
  readonly canSend: boolean = $derived(this.length <= LIMIT && this.text.trim() !== "");
  /** Letters that are not on the branch yet, and belong behind it. */
  readonly letters: readonly Pending[] = $derived.by(() =>
    this.#pending.length === 0 ? this.#pending : lettersHere(this.#pending, this.#conversation.view),
  );
  /** The next waiting message is kept back, since the reply before it failed. */
  readonly keptBack: boolean = $derived.by(() => this.#conversation.head?.state === "failed");

  constructor(conversation: Conversation) {
    this.#conversation = conversation;
    const { chatId } = conversation;
    this.#draft = readDraft(chatId);
    this.#saver = new DraftSaver({
      put: (text, keepalive) => putDraft(chatId, text, keepalive),
      wait: waitInBrowser,
      onSaved: (text) => {
        this.#told += 1;
        this.#keep({ ...this.#draft, base: text });
      },
    });
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
    const flush = (): void => this.#saver.flush();
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
      this.#saver.close();
    };
  }

  write(text: string): void {
    this.#keep({ ...this.#draft, text });
    this.#tell(text, text === "");
  }

  /** What is too long for a message is kept in this browser alone: the server would refuse it. */
  #tell(text: string, atOnce = false): void {
    if (codePointLength(text) <= LIMIT) this.#saver.save(text, atOnce);
  }

  /** How often the server has been told of a draft. */
  get told(): number {
    return this.#told;
  }

  /** The server has said what it has as the draft: of another device, perhaps. */
  meet(server: string): void {
    const draft = reconciled(this.#draft, server);
    this.#keep(draft);
    if (draft.text !== server) this.#tell(draft.text);
  }

  /** Sends what is written; behind a reply that still runs it waits for its end. */
  send(): void {
    if (!this.canSend) return;
    const { text } = this;
    const { headId } = this.#conversation.view;
    const before = this.letters.at(-1)?.messageId ?? (this.#conversation.replying ? headId : null);
    this.#conversation.notice = null;
    this.write("");
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

  #keep(draft: Draft): void {
    this.#draft = draft;
    keepDraft(this.#conversation.chatId, draft);
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
    this.write(this.text.trim() === "" ? letter.text : `${letter.text}\n${this.text}`);
  }
}
