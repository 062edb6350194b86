/** The characters, and what came of the card files dropped on the gallery. */
import { getCharacters, importCard } from "../lib/api/characters";
import { putChat } from "../lib/api/chats";
import { asProblemError } from "../lib/problem";
import { persist, waitInBrowser } from "../lib/reconnect";
import { chatPath } from "../lib/routes";
import { newUuid } from "../lib/uuid";
import type { Character, Problem } from "../lib/wire";
import { Loading } from "./loading.svelte";
import { router } from "./router.svelte";

export type Import =
  | { readonly file: string; readonly state: "sending" }
  | { readonly file: string; readonly state: "added"; readonly character: Character }
  | { readonly file: string; readonly state: "refused"; readonly problem: Problem };

class Gallery {
  readonly characters = new Loading<Character[]>(getCharacters);
  imports = $state.raw<readonly Import[]>([]);

  /** Sends the files one after the other; a refused one does not keep the next from being tried. */
  async importFiles(files: readonly File[]): Promise<void> {
    this.imports = files.map((file) => ({ file: file.name, state: "sending" }));
    for (const [index, file] of files.entries()) {
      const result = await this.#import(file);
      this.imports = this.imports.map((one, at) => (at === index ? result : one));
    }
    this.characters.start();
  }

  async #import(file: File): Promise<Import> {
    try {
      return { file: file.name, state: "added", character: await importCard(file) };
    } catch (thrown) {
      return { file: file.name, state: "refused", problem: asProblemError(thrown).problem };
    }
  }
}

export const gallery = new Gallery();

/** The wish for a new chat with a character: one UUID, asked for until it is there, then the chat's page opens. */
export class NewChat {
  characterId = $state<string | null>(null);
  problem = $state.raw<Problem | null>(null);
  readonly #left = new AbortController();

  async open(characterId: string): Promise<void> {
    if (this.characterId !== null) return;
    this.characterId = characterId;
    this.problem = null;
    const id = newUuid();
    try {
      await persist(() => putChat(id, characterId), {
        signal: this.#left.signal,
        wait: waitInBrowser,
        onFailure: (error) => (this.problem = error.problem),
      });
      if (!this.#left.signal.aborted) router.go(chatPath(id));
    } catch (thrown) {
      this.problem = asProblemError(thrown).problem;
    } finally {
      this.characterId = null;
    }
  }

  /** The person has left the page: a chat that opens now would be a surprise. */
  leave(): void {
    this.#left.abort();
  }
}
