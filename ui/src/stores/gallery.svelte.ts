/** The characters, which of them are to be seen, and what came of the card files that were dropped. */
import { changeCharacter, getCharacters, hideCharacter, importCard, restoreCharacter } from "../lib/api/characters";
import { CHARACTERS } from "../lib/archive";
import { arranged, lately, ORDERS, usedTags, type Order } from "../lib/gallery";
import { asProblemError } from "../lib/problem";
import { persist, waitInBrowser } from "../lib/reconnect";
import type { Character, Problem } from "../lib/wire";
import { language } from "../i18n/i18n.svelte";
import { Loading } from "./loading.svelte";

export type Import =
  | { readonly file: string; readonly state: "waiting" | "sending" }
  | { readonly file: string; readonly state: "added"; readonly character: Character }
  | { readonly file: string; readonly state: "refused"; readonly problem: Problem };

const ORDER = "perdure.gallery-order";
/** How long a mark as a favourite is tried before it is taken back, in seconds. */
const PATIENCE_S = 15;

class Gallery {
  readonly characters = new Loading<Character[]>(getCharacters, undefined, CHARACTERS);
  imports = $state.raw<readonly Import[]>([]);
  query = $state("");
  tag = $state<string | null>(null);
  /** Whether only favourites are shown. */
  favourites = $state(false);
  order = $state<Order>(storedOrder());
  /** Why a star was taken back. */
  refusal = $state.raw<Problem | null>(null);
  /** Stars that the server does not know of yet. */
  #marks = $state.raw<ReadonlyMap<string, boolean>>(new Map());

  readonly all = $derived(this.characters.value?.map((one) => this.marked(one)) ?? null);
  readonly shown = $derived(arranged(this.all ?? [], { query: this.query, tag: this.tag, favourites: this.favourites, order: this.order }, language.locale));
  /** Without one there is nothing to choose: the way to them is offered as long as somebody is on it. */
  readonly hasFavourites = $derived(this.favourites || (this.all ?? []).some((one) => one.favourite));
  readonly lately = $derived(lately(this.all ?? []));
  readonly tags = $derived(usedTags(this.characters.value ?? []));
  readonly narrowed = $derived(this.query.trim() !== "" || this.tag !== null || this.favourites);

  marked(character: Character): Character {
    const mark = this.#marks.get(character.id);
    return mark === undefined ? character : { ...character, favourite: mark };
  }

  arrange(order: Order): void {
    this.order = order;
    try {
      localStorage.setItem(ORDER, order);
    } catch {
      // In this order for this page at least.
    }
  }

  showAll(): void {
    this.query = "";
    this.tag = null;
    this.favourites = false;
  }

  /** Stars or unstars at once; taken back, with the reason, where the server does not have it. */
  async favour(character: Character, favourite: boolean): Promise<Character> {
    const running = this.#marks.has(character.id);
    this.#mark(character.id, favourite);
    this.refusal = null;
    if (running) return character; // The call that is under way sees to this wish too.
    let latest = character;
    try {
      for (let wish: boolean | undefined = favourite; wish !== undefined && wish !== latest.favourite; wish = this.#marks.get(character.id)) {
        const signal = AbortSignal.timeout(PATIENCE_S * 1000);
        const wanted = wish;
        latest = await persist(() => changeCharacter(character.id, { favourite: wanted }), { signal, wait: waitInBrowser });
      }
      this.put(latest);
    } catch (thrown) {
      this.refusal = asProblemError(thrown).problem;
    } finally {
      this.#mark(character.id, null);
    }
    return latest;
  }

  /** Puts a character that the server has told of in the place of what was known of it. */
  put(character: Character): void {
    const known = this.characters.value;
    if (known === null) return;
    const there = known.some((one) => one.id === character.id);
    this.characters.value = there ? known.map((one) => (one.id === character.id ? character : one)) : [...known, character];
  }

  async hide(id: string): Promise<void> {
    await persist(() => hideCharacter(id), { signal: AbortSignal.timeout(PATIENCE_S * 1000), wait: waitInBrowser });
    if (this.characters.value) this.characters.value = this.characters.value.filter((one) => one.id !== id);
  }

  async restore(id: string): Promise<void> {
    await persist(() => restoreCharacter(id), { signal: AbortSignal.timeout(PATIENCE_S * 1000), wait: waitInBrowser });
    this.characters.start();
  }

  /** Sends the files one after the other; a refused one does not keep the next from being tried. */
  async importFiles(files: readonly File[]): Promise<void> {
    if (files.length === 0) return;
    const before = this.imports.some((one) => one.state === "sending") ? this.imports : [];
    this.imports = [...before, ...files.map((file): Import => ({ file: file.name, state: "waiting" }))];
    for (const [index, file] of files.entries()) {
      this.#tell(before.length + index, { file: file.name, state: "sending" });
      this.#tell(before.length + index, await this.#import(file));
    }
    this.characters.start();
  }

  #tell(index: number, one: Import): void {
    this.imports = this.imports.map((other, at) => (at === index ? one : other));
  }

  async #import(file: File): Promise<Import> {
    try {
      return { file: file.name, state: "added", character: await importCard(file) };
    } catch (thrown) {
      return { file: file.name, state: "refused", problem: asProblemError(thrown).problem };
    }
  }

  #mark(id: string, favourite: boolean | null): void {
    const marks = new Map(this.#marks);
    if (favourite === null) marks.delete(id);
    else marks.set(id, favourite);
    this.#marks = marks;
  }
}

export const gallery = new Gallery();

function storedOrder(): Order {
  try {
    return ORDERS.find((one) => one === localStorage.getItem(ORDER)) ?? "recent";
  } catch {
    return "recent";
  }
}
