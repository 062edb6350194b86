/** One open chat: what is known of it, live. What is drawn of it, what is being written and what can be done about it are in the stores beside this one, which it holds. */
import { branchKey, chatKey, forgetChat, keepPage, keptPage, MESSAGES, PERSONAS, SILENCE_MS, type KeptMessages } from "../lib/archive";
import { changeChat, getChat, hideChat, restoreChat } from "../lib/api/chats";
import { openEvents } from "../lib/api/messages";
import { getPersonas } from "../lib/api/personas";
import { follow, type Link } from "../lib/follow";
import { asProblemError } from "../lib/problem";
import { waitInBrowser } from "../lib/reconnect";
import { chatPath } from "../lib/routes";
import { adopt, emptyView, siblingsOf, type ChatView, type ShownMessage } from "../lib/stream";
import { isInProgress } from "../lib/turns";
import type { Chat, Message, Persona, Problem, Turn } from "../lib/wire";
import { t } from "../i18n/i18n.svelte";
import { Acts } from "./acts.svelte";
import { Beside } from "./beside";
import { kept } from "./browser";
import { Drafting } from "./drafting.svelte";
import { Edits } from "./edits.svelte";
import { Loading } from "./loading.svelte";
import { Reading } from "./reading.svelte";
import { recents } from "./recents.svelte";
import { router } from "./router.svelte";
import { toasts } from "./toasts.svelte";
import { Writing } from "./writing.svelte";

/** A chat is kept so long after something has changed in it, in milliseconds: not at every word. */
const KEPT_AFTER_MS = 1500;

export class Conversation {
  readonly chatId: string;
  readonly chat;
  readonly personas = new Loading(getPersonas, undefined, PERSONAS);
  view = $state.raw<ChatView>(emptyView);
  link = $state<Link>("connecting");
  /** Why the last wish was refused. */
  notice = $state.raw<Problem | null>(null);
  /** Why the chat cannot be shown at all. */
  refused = $state.raw<Problem | null>(null);
  readonly reading: Reading;
  readonly drafting: Drafting;
  readonly writing: Writing;
  readonly acts: Acts;
  readonly edits: Edits;
  /** When what is shown was seen, in Unix milliseconds, while it is what this browser kept; null once the server has spoken. */
  asOf = $state<number | null>(null);
  /** Whether it has been looked what this browser kept: before that, trouble is not worth a word. */
  recalled = $state(false);
  readonly #closed = new AbortController();
  #keeping: ReturnType<typeof setTimeout> | undefined;
  /** Whether something has changed since the chat was last kept. */
  #unkept = false;
  #gone = false;
  readonly #beside = new Beside(this);

  readonly path: readonly string[] = $derived(this.view.path);
  readonly head: ShownMessage | null = $derived(this.view.headId === null ? null : (this.view.messages.get(this.view.headId) ?? null));
  /** Who the person is here; null for nobody in particular. */
  readonly persona: Persona | null = $derived.by(() => {
    const id = this.chat.value?.persona_id ?? null;
    return this.personas.value?.find((one) => one.id === id) ?? null;
  });
  readonly replying: boolean = $derived(repliesIn(this.view));

  constructor(chatId: string) {
    this.chatId = chatId;
    let told = 0;
    this.chat = new Loading(
      () => {
        told = this.drafting.told;
        return getChat(chatId);
      },
      (chat) => {
        // Asked before the server was told of a draft, it may have answered with the one before.
        if (chat.draft !== undefined && told === this.drafting.told) void this.drafting.meet(chat.draft);
        this.#meetPersona(chat);
      },
      chatKey(chatId),
    );
    this.edits = new Edits(chatId);
    this.reading = new Reading(this);
    this.drafting = new Drafting(chatId);
    this.writing = new Writing(this);
    this.acts = new Acts(this);
  }

  /** Aborts when the page is left. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Starts to follow the chat, and shows where the reader was, or the message that they ask for; returns how to stop. */
  open(messageId: string | null = null): () => void {
    const { spot } = router;
    this.chat.start();
    const leave = this.writing.open();
    window.addEventListener("pagehide", () => this.#unkept && void this.#keep(), { signal: this.closed });
    if (spot?.message) void this.reading.show(spot.message.id, spot.message.top);
    else if (spot === null && messageId !== null) void this.reading.show(messageId);
    void follow({
      signal: this.#closed.signal,
      wait: waitInBrowser,
      open: (after, signal) => openEvents(this.chatId, after, signal),
      view: () => this.view,
      onView: (view) => this.#see(view),
      onLink: (link) => this.#linked(link),
    }).catch((thrown: unknown) => this.#refuse(asProblemError(thrown).problem));
    const silence = setTimeout(() => void this.#recall(), SILENCE_MS);
    return () => {
      clearTimeout(silence);
      if (this.#unkept) void this.#keep();
      this.#closed.abort();
      this.chat.stop();
      this.personas.stop();
      leave();
    };
  }

  message(id: string): ShownMessage | null {
    return this.view.messages.get(id) ?? null;
  }

  turnOf(message: ShownMessage): Turn | null {
    return message.turn_id === null ? null : (this.view.turns.get(message.turn_id) ?? null);
  }

  siblingsOf(message: ShownMessage): readonly string[] {
    return siblingsOf(this.view, message);
  }

  /** Adds what was learned outside the stream. */
  learn(messages: readonly Message[]): void {
    this.#see(adopt(this.view, messages));
  }

  rename(title: string): Promise<void> {
    return this.#change({ title });
  }

  /** The persona for what is said from now on. */
  become(personaId: string | null): Promise<void> {
    return this.#change({ persona_id: personaId });
  }

  /** Deletes the chat and leaves it; what is deleted can be had back. */
  async hide(): Promise<void> {
    try {
      await hideChat(this.chatId);
    } catch (thrown) {
      this.notice = asProblemError(thrown).problem;
      return;
    }
    const id = this.chatId;
    this.#forget();
    toasts.offer(t().chat.chatDeleted, async () => {
      await restoreChat(id);
      router.go(chatPath(id));
      void recents.refresh();
    });
    router.go("/chats");
    void recents.refresh();
  }

  #meetPersona({ persona_id }: Chat): void {
    if (persona_id !== (this.persona?.id ?? null)) this.personas.start();
  }

  async #change(changes: Parameters<typeof changeChat>[1]): Promise<void> {
    this.notice = null;
    try {
      const changed: Chat = await changeChat(this.chatId, changes);
      const before = this.chat.value;
      this.chat.value = { ...before, ...changed, characters: changed.characters ?? before?.characters ?? [] };
      this.#meetPersona(changed);
      void recents.refresh();
    } catch (thrown) {
      this.notice = asProblemError(thrown).problem;
    }
  }

  #see(view: ChatView): void {
    // An answer that comes when its page has been left.
    if (this.closed.aborted) return;
    const before = this.view;
    this.view = view;
    const reshaped = view.path !== before.path;
    if (reshaped) this.reading.reshaped(before);
    if (reshaped || view.families !== before.families) this.#beside.look();
    this.acts.tend();
    if (view.resumeAfter === null) return;
    this.asOf = null;
    const ended = endedReplyIn(view);
    if (before.resumeAfter === null || (ended !== null && ended !== endedReplyIn(before))) void this.#keep();
    else if (reshaped || view.messages !== before.messages) this.#changed(reshaped);
  }

  /**
   * A reply that grows is kept once it has ended, or the page is left: not again and again while somebody types. What is
   * written when the page is left may be lost, in Chromium now and then: hence at once when a reply has ended.
   */
  #changed(reshaped: boolean): void {
    this.#unkept = true;
    if (reshaped || !this.replying) this.#keeping ??= setTimeout(() => void this.#keep(), KEPT_AFTER_MS);
  }

  #linked(link: Link): void {
    this.link = link;
    if (link === "reconnecting") void this.#recall();
  }

  /** Shows what this browser saw last of the chat, until the server speaks. */
  async #recall(): Promise<void> {
    if (this.view.headId !== null) return;
    const page = await keptPage(await kept, branchKey(this.chatId));
    this.recalled = true;
    if (page === null || this.view.headId !== null || this.closed.aborted) return;
    const { headId, messages } = page.value as KeptMessages;
    this.asOf = page.seenAt;
    this.#see(adopt({ ...this.view, headId }, messages));
  }

  /** Keeps the end of the branch, as it is now. */
  async #keep(): Promise<void> {
    clearTimeout(this.#keeping);
    this.#keeping = undefined;
    this.#unkept = false;
    const { headId, messages } = this.view;
    if (headId === null || this.asOf !== null || this.#gone) return;
    const branch: KeptMessages = { headId, messages: this.path.slice(-MESSAGES).map((id) => messages.get(id)!) };
    await keepPage(await kept, branchKey(this.chatId), branch, Date.now());
  }

  #refuse(problem: Problem): void {
    this.refused = problem;
    if (problem.status === 404) this.#forget();
  }

  /** The chat is gone: nothing of it is kept, neither now nor when the page is left. */
  #forget(): void {
    this.#gone = true;
    void kept.then((cabinet) => forgetChat(cabinet, this.chatId));
  }
}

const headIn = ({ headId, messages }: ChatView): ShownMessage | undefined => (headId === null ? undefined : messages.get(headId));

/** Whether a reply at the end of the branch is in progress. */
function repliesIn(view: ChatView): boolean {
  const head = headIn(view);
  return head !== undefined && isInProgress(head.state);
}

/** The reply at the end of the branch once it is over, which a short one is when it is first heard of; null for none. */
function endedReplyIn(view: ChatView): string | null {
  const head = headIn(view);
  return head?.role === "character" && !isInProgress(head.state) ? head.id : null;
}
