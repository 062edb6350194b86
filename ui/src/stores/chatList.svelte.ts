/** The list of chats: searched, longer and longer as one scrolls, and what is done with one of them. */
import { SvelteSet } from "svelte/reactivity";
import { forgetChat, keepChats, keptChats, SILENCE_MS } from "../lib/archive";
import { changeChat, getChats, hideChat, restoreChat } from "../lib/api/chats";
import { asProblemError } from "../lib/problem";
import { persist, waitInBrowser } from "../lib/reconnect";
import type { Chat, Problem } from "../lib/wire";
import { kept } from "./browser";
import { recents } from "./recents.svelte";

const PAGE = 40;
/** Typing rests this long before the server is asked, in milliseconds. */
const REST_MS = 150;
/** How long a change of a chat is tried before it is taken back, in seconds. */
const PATIENCE_S = 15;

export class ChatList {
  /** As the server has told of them; null while nothing is known. */
  #known = $state.raw<readonly Chat[] | null>(null);
  /** Those that were deleted here, whatever a list that comes late says. */
  readonly #hidden = new SvelteSet<string>();
  readonly chats: readonly Chat[] | null = $derived(this.#known?.filter((chat) => !this.#hidden.has(chat.id)) ?? null);
  hasMore = $state(false);
  /** Whether a try is under way, or follows by itself. */
  trying = $state(false);
  problem = $state.raw<Problem | null>(null);
  /** Why a change was taken back. */
  refusal = $state.raw<Problem | null>(null);
  query = $state("");
  /** What the list that is shown was searched for: the field may already hold more. */
  found = $state("");
  /** When the list was seen, in Unix milliseconds, where it is what this browser kept; null where the server has just said it. */
  asOf = $state<number | null>(null);
  readonly characterId: string | null;
  #current = new AbortController();
  #resting: ReturnType<typeof setTimeout> | undefined;

  constructor(characterId: string | null) {
    this.characterId = characterId;
  }

  /** Loads the latest; returns how to stop. */
  start(): () => void {
    void this.#load(null);
    return () => {
      clearTimeout(this.#resting);
      this.#current.abort();
    };
  }

  search(query: string): void {
    this.query = query;
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => void this.#load(null), query.trim() === "" ? 0 : REST_MS);
  }

  showMore(): void {
    if (this.hasMore && !this.trying) void this.#load(this.#known?.at(-1) ?? null);
  }

  /** @throws ProblemError where the server refuses the name. */
  async rename(chat: Chat, title: string): Promise<void> {
    const renamed = await this.#insist(() => changeChat(chat.id, { title }));
    this.#known = this.#known?.map((one) => (one.id === chat.id ? { ...one, title: renamed.title } : one)) ?? null;
    void recents.refresh();
  }

  /** Takes the chat away at once, and puts it back where the server does not have that. Whether it is gone. */
  async hide(chat: Chat): Promise<boolean> {
    this.refusal = null;
    this.#hidden.add(chat.id);
    try {
      await this.#insist(() => hideChat(chat.id));
    } catch (thrown) {
      this.refusal = asProblemError(thrown).problem;
      this.#hidden.delete(chat.id);
      return false;
    }
    void kept.then((cabinet) => forgetChat(cabinet, chat.id));
    void recents.refresh();
    return true;
  }

  /** @throws ProblemError where the server does not have it. */
  async restore(chat: Chat): Promise<void> {
    await restoreChat(chat.id);
    this.#hidden.delete(chat.id);
    void this.#load(null);
    void recents.refresh();
  }

  #insist<T>(wish: () => Promise<T>): Promise<T> {
    return persist(wish, { signal: AbortSignal.timeout(PATIENCE_S * 1000), wait: waitInBrowser });
  }

  /** What was seen last comes first, as in `Loading`; `q` is null where more of the list was asked for. */
  async #meet(problem: Problem, q: string | null, signal: AbortSignal): Promise<void> {
    if (q !== null) await this.#recall(q, signal);
    if (!signal.aborted && this.trying) this.problem = problem;
  }

  /** Shows what this browser saw last of the list, until the server speaks. */
  async #recall(q: string, signal: AbortSignal): Promise<void> {
    const list = await keptChats(await kept);
    if (list === null || signal.aborted || (this.#known !== null && this.asOf === null)) return;
    const wanted = q.toLocaleLowerCase();
    const words = (chat: Chat): string => `${chat.title ?? ""}\n${chat.preview ?? ""}`.toLocaleLowerCase();
    this.#known = list.chats.filter(
      (chat) => words(chat).includes(wanted) && (this.characterId === null || chat.character_ids.includes(this.characterId)),
    );
    this.hasMore = false;
    this.found = q;
    this.asOf = list.seenAt;
  }

  /** Those after `last`; with null the first ones. */
  async #load(last: Chat | null): Promise<void> {
    this.#current.abort();
    const { signal } = (this.#current = new AbortController());
    const q = this.query.trim();
    this.trying = true;
    // Instants are finer than a browser's milliseconds: asked for with those of the same one, and known ones left out.
    const before = last === null ? null : (Date.parse(last.updated_at) + 1) / 1000;
    const silence = last === null ? setTimeout(() => void this.#recall(q, signal), SILENCE_MS) : undefined;
    try {
      const page = await persist(() => getChats({ q, characterId: this.characterId, before, limit: PAGE }), {
        signal,
        wait: waitInBrowser,
        onFailure: (error) => void this.#meet(error.problem, last === null ? q : null, signal),
      });
      if (signal.aborted) return;
      if (q === "" && this.characterId === null && last === null) {
        void kept.then((cabinet) => keepChats(cabinet, page, page.length < PAGE, Date.now()));
      }
      const known = before === null ? [] : (this.#known ?? []);
      const ids = new Set(known.map((chat) => chat.id));
      const fresh = page.filter((chat) => !ids.has(chat.id));
      this.#known = [...known, ...fresh];
      this.hasMore = page.length >= PAGE && fresh.length > 0;
      this.found = q;
      this.problem = null;
      this.asOf = null;
    } catch (thrown) {
      if (signal.aborted) return;
      this.problem = asProblemError(thrown).problem;
    } finally {
      clearTimeout(silence);
    }
    this.trying = false;
  }
}
