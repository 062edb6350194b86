/** One open chat: what is shown of it, what is on its way to the server, and what the person may do next. */
import { getChat, getOlderMessages, openEvents, putMessage, putTurn, stopTurn } from "../lib/api/chats";
import { readDraft, writeDraft } from "../lib/drafts";
import { follow, type Link } from "../lib/follow";
import { Outbox, type Letter, type Pending } from "../lib/outbox";
import { asProblemError } from "../lib/problem";
import { announceReachable, persist, waitInBrowser } from "../lib/reconnect";
import { adopt, branch, emptyView, isInProgress, type ChatView, type ShownMessage } from "../lib/stream";
import { newUuid } from "../lib/uuid";
import type { Problem, Turn } from "../lib/wire";
import { Loading } from "./loading.svelte";

/** How many messages are drawn at first, and how many more at each scroll to the top. */
const PAGE = 60;

export class Conversation {
  readonly chatId: string;
  readonly chat;
  view = $state.raw<ChatView>(emptyView);
  link = $state<Link>("connecting");
  draft = $state("");
  /** Why the last wish was refused. */
  notice = $state.raw<Problem | null>(null);
  /** Why the chat cannot be shown at all. */
  refused = $state.raw<Problem | null>(null);
  /** What the head was when a turn was asked for or told to stop. */
  #askedAt = $state<string | null>(null);
  #letters = $state.raw<readonly Pending[]>([]);
  #hidden = $state<number | null>(null);
  #loadingOlder = false;
  readonly #outbox: Outbox;
  readonly #closed = new AbortController();

  readonly #branch: ShownMessage[] = $derived(branch(this.view));
  /** What is drawn, oldest first. */
  readonly messages: ShownMessage[] = $derived(this.#branch.slice(this.#hidden ?? 0));
  readonly head: ShownMessage | null = $derived(this.#branch.at(-1) ?? null);
  readonly replying: boolean = $derived(this.head !== null && isInProgress(this.head.state));
  readonly hasOlder: boolean = $derived((this.messages[0]?.parent_id ?? null) !== null);
  /**
   * Letters not yet on the branch. One that the server has, but whose branch is no longer current, is not ours to show;
   * which branch is current is known once the snapshot is here.
   */
  readonly letters: readonly Pending[] = $derived(
    this.#letters.filter(
      (one) =>
        !this.#branch.some((message) => message.id === one.messageId) &&
        (this.view.headId === null || this.view.headId === one.parentId || !this.view.messages.has(one.messageId)),
    ),
  );
  readonly #headNow: string = $derived(`${this.head?.id} ${this.head?.turn_id} ${this.head?.state}`);
  /** A wish about the head is under way: true until the stream shows its effect, so that nobody asks twice. */
  readonly asking: boolean = $derived(this.#askedAt === this.#headNow);
  readonly canSend: boolean = $derived(!this.replying && this.letters.length === 0);

  constructor(chatId: string) {
    this.chatId = chatId;
    this.chat = new Loading(() => getChat(chatId));
    this.draft = readDraft(chatId);
    this.#outbox = new Outbox(chatId, {
      shelf: () => localStorage,
      send: (letter) => putMessage(letter.chatId, letter.messageId, letter.text, letter.parentId),
      wait: waitInBrowser,
      onPending: (pending) => this.#show(pending),
      onSent: (_, answer) => (this.view = adopt(this.view, [answer.message])),
      onRefused: (letter, problem) => this.#takeBack(letter, problem),
    });
  }

  /** Starts to follow the chat; returns how to stop. */
  open(): () => void {
    this.chat.start();
    this.#outbox.open();
    void follow({
      signal: this.#closed.signal,
      wait: waitInBrowser,
      open: (after, signal) => openEvents(this.chatId, after, signal),
      view: () => this.view,
      onView: (view) => this.#see(view),
      onLink: (link) => this.#linked(link),
    }).catch((thrown: unknown) => (this.refused = asProblemError(thrown).problem));
    return () => {
      this.#closed.abort();
      this.#outbox.close();
    };
  }

  turnOf(message: ShownMessage): Turn | null {
    return message.turn_id === null ? null : (this.view.turns.get(message.turn_id) ?? null);
  }

  write(text: string): void {
    this.draft = text;
    writeDraft(this.chatId, text);
  }

  send(): void {
    if (!this.canSend || this.draft.trim() === "") return;
    const text = this.draft;
    this.notice = null;
    this.write("");
    this.#outbox.add({
      chatId: this.chatId,
      messageId: newUuid(),
      parentId: this.view.headId,
      text,
      writtenAt: new Date().toISOString(),
    });
  }

  stop(): void {
    const turnId = this.head?.turn_id;
    if (this.replying && turnId) void this.#ask(() => stopTurn(turnId));
  }

  /** Another reply beside a failed one. */
  tryAgain(failed: ShownMessage): void {
    const parentId = failed.parent_id;
    const turnId = newUuid();
    if (parentId !== null) void this.#ask(() => putTurn(this.chatId, turnId, "swipe", parentId));
  }

  goOn(stopped: ShownMessage): void {
    const turnId = newUuid();
    void this.#ask(() => putTurn(this.chatId, turnId, "continue", stopped.id));
  }

  /** Draws more of the past: what is known already, otherwise the next page from the server. */
  async showOlder(): Promise<void> {
    if (this.#hidden !== null && this.#hidden > 0) {
      this.#hidden = Math.max(0, this.#hidden - PAGE);
      return;
    }
    const first = this.#branch[0];
    if (!first || first.parent_id === null || this.#loadingOlder) return;
    this.#loadingOlder = true;
    try {
      this.view = adopt(this.view, await getOlderMessages(this.chatId, first.id, PAGE));
    } catch (thrown) {
      this.notice = asProblemError(thrown).problem;
    } finally {
      this.#loadingOlder = false;
    }
  }

  #see(view: ChatView): void {
    this.view = view;
    if (this.#hidden === null && view.headId !== null) this.#hidden = Math.max(0, this.#branch.length - PAGE);
  }

  #linked(link: Link): void {
    const back = link === "live" && this.link === "reconnecting";
    this.link = link;
    if (back) announceReachable();
  }

  /** A sent letter stays shown until the stream has brought its message; it must not vanish in between. */
  #show(pending: readonly Pending[]): void {
    const left = this.#letters.filter(
      (one) => this.view.messages.has(one.messageId) && !pending.some((other) => other.messageId === one.messageId),
    );
    this.#letters = [...left, ...pending];
  }

  #takeBack(letter: Letter, problem: Problem): void {
    this.notice = problem;
    this.write(this.draft.trim() === "" ? letter.text : `${letter.text}\n${this.draft}`);
  }

  async #ask(wish: () => Promise<unknown>): Promise<void> {
    if (this.asking) return;
    this.#askedAt = this.#headNow;
    this.notice = null;
    try {
      await persist(wish, {
        signal: this.#closed.signal,
        wait: waitInBrowser,
        onFailure: (error) => (this.notice = error.problem),
      });
      this.notice = null;
    } catch (thrown) {
      this.notice = asProblemError(thrown).problem;
      this.#askedAt = null;
    }
  }
}
