/** A character being written: its fields, its picture, what of both is not saved yet, and the saving. */
import { changeCharacter, createCharacter, getCharacter, putAvatar, removeAvatar } from "../lib/api/characters";
import { changesOf, emptyForm, formOf, isChanged, mistakesIn, refusedField, type CardForm, type FieldName } from "../lib/cardForm";
import { dropCardDraft, readCardDraft, writeCardDraft, type CardDraft } from "../lib/cardDrafts";
import { blobOf } from "../lib/crop";
import { asProblemError } from "../lib/problem";
import { persist, waitInBrowser } from "../lib/reconnect";
import { newUuid } from "../lib/uuid";
import type { Character, Problem } from "../lib/wire";
import { gallery } from "./gallery.svelte";
import { Loading } from "./loading.svelte";

const REST_MS = 250;

export class CardEditor {
  readonly key: string;
  readonly loading: Loading<Character> | null;
  form = $state<CardForm>(emptyForm());
  /** A picture that was chosen, as a data URL; null takes it away; undefined leaves it as it is. */
  picture = $state.raw<string | null | undefined>(undefined);
  /** As the server has it; null while it is being loaded. */
  saved = $state.raw<CardForm | null>(null);
  savedPicture = $state.raw<string | null>(null);
  /** Whether what is here was written earlier. */
  restored = $state(false);
  /** Whether this browser keeps what is not saved. */
  kept = $state(true);
  saving = $state(false);
  problem = $state.raw<Problem | null>(null);
  mistakes = $state.raw<Partial<Record<FieldName, string>>>({});
  /** Whether the texts of a first save got through and the picture did not. */
  textSaved = $state(false);
  #id: string;
  #resting: ReturnType<typeof setTimeout> | undefined;

  readonly pictureUrl = $derived(this.picture === undefined ? this.savedPicture : this.picture);

  constructor(id: string | null) {
    this.key = id ?? "new";
    this.#id = id ?? newUuid();
    this.loading = id === null ? null : new Loading(() => getCharacter(id));
    if (id === null) this.#begin(emptyForm(), null);
  }

  get id(): string {
    return this.#id;
  }

  /** Whether anything is not saved. No $derived: a save may be answered when the page, and what is derived for it, has gone. */
  get changed(): boolean {
    return this.saved !== null && (this.picture !== undefined || isChanged(this.form, this.saved));
  }

  /** Takes what the server has, the first time that it is there. */
  take(character: Character): void {
    if (this.saved === null) this.#begin(formOf(character), character.avatar_url);
  }

  #begin(saved: CardForm, picture: string | null): void {
    const draft = readCardDraft(this.key);
    this.saved = saved;
    this.savedPicture = picture;
    this.form = draft?.form ?? structuredClone(saved);
    this.picture = draft?.picture;
    if (draft) this.#id = draft.id;
    this.restored = draft !== null && this.changed;
  }

  /** Keeps what is not saved in this browser, soon or at once. */
  keep(at_once = false): void {
    clearTimeout(this.#resting);
    if (at_once) this.#keep();
    else this.#resting = setTimeout(() => this.#keep(), REST_MS);
  }

  #keep(): void {
    if (this.saved === null) return;
    if (!this.changed) return dropCardDraft(this.key);
    this.kept = writeCardDraft(this.key, this.#now());
  }

  #now(): CardDraft {
    const form = $state.snapshot(this.form);
    return { id: this.#id, form, ...(this.picture === undefined ? {} : { picture: this.picture }) };
  }

  /** Back to what is saved; returns how to have the changes again. */
  discard(): () => void {
    const was = this.#now();
    this.form = structuredClone(this.saved ?? emptyForm());
    this.picture = undefined;
    this.restored = false;
    this.mistakes = {};
    this.problem = null;
    this.keep(true);
    return () => {
      this.form = was.form;
      this.picture = was.picture;
      this.keep(true);
    };
  }

  /** The character once all of it is saved; null where something has to be put right first, and nothing is lost. */
  async save(words: Readonly<Record<"empty" | "long", string>>): Promise<Character | null> {
    if (this.saving || this.saved === null) return null;
    const wrong = Object.entries(mistakesIn(this.form)) as [FieldName, "empty" | "long"][];
    this.mistakes = Object.fromEntries(wrong.map(([field, kind]) => [field, words[kind]]));
    this.problem = null;
    if (wrong.length > 0) return null;
    this.keep(true);
    this.saving = true;
    const sent = this.#now();
    try {
      let character = await this.#sendTexts(sent.form);
      if (character) {
        this.saved = formOf(character);
        this.textSaved = sent.picture !== undefined;
        gallery.put(character);
      }
      if (sent.picture !== undefined) character = await this.#sendPicture(sent.picture);
      this.textSaved = false;
      this.#settle(sent);
      if (character) gallery.put(character);
      return this.changed ? null : (character ?? this.loading?.value ?? null);
    } catch (thrown) {
      this.#refuse(asProblemError(thrown).problem);
      return null;
    } finally {
      this.saving = false;
    }
  }

  /** null where nothing of the texts has changed. */
  async #sendTexts(form: CardForm): Promise<Character | null> {
    const changes = changesOf(form, this.saved!);
    if (this.key !== "new" || this.textSaved) {
      return Object.keys(changes).length === 0 ? null : this.#insist(() => changeCharacter(this.#id, changes));
    }
    try {
      return await this.#insist(() => createCharacter(this.#id, changes));
    } catch (thrown) {
      // The id is ours: an earlier try got through, its answer did not, and more was written since.
      if (asProblemError(thrown).problem.status !== 409) throw thrown;
      return this.#insist(() => changeCharacter(this.#id, form));
    }
  }

  #sendPicture(picture: string | null): Promise<Character> {
    return this.#insist(() => (picture === null ? removeAvatar(this.#id) : putAvatar(this.#id, blobOf(picture))));
  }

  /** Tried until the server has it or refuses, also when the page is left meanwhile. */
  async #insist<T>(wish: () => Promise<T>): Promise<T> {
    const answer = await persist(wish, {
      signal: new AbortController().signal,
      wait: waitInBrowser,
      onFailure: (error) => (this.problem = error.problem),
    });
    this.problem = null;
    return answer;
  }

  /** What was sent is saved; what was written meanwhile is not. */
  #settle(sent: CardDraft): void {
    if (!isChanged($state.snapshot(this.form), sent.form)) this.form = structuredClone(this.saved!);
    if (this.picture === sent.picture) this.picture = undefined;
    this.restored = false;
    this.keep(true);
  }

  #refuse(problem: Problem): void {
    const named = refusedField(problem);
    if (named) this.mistakes = { [named.field]: named.text };
    this.problem = named ? null : problem;
  }
}
