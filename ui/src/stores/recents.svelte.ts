/** The chats talked in last, for the side bar. A convenience: where they cannot be had, there are none. */
import { CHARACTERS, keepPage, keptChats, keptPage, RECENT_CHATS } from "../lib/archive";
import { getCharacters } from "../lib/api/characters";
import { getChats } from "../lib/api/chats";
import type { Character, Chat } from "../lib/wire";
import { kept } from "./browser";

const MOST = 24;

class Recents {
  chats = $state.raw<readonly Chat[]>([]);
  /** Pictures of the characters, by their ids. */
  #faces = $state.raw<ReadonlyMap<string, string | null>>(new Map());
  #asking = false;
  #again = false;

  /** The first character's picture; null where there is none. */
  faceOf(chat: Chat): string | null {
    return this.#faces.get(chat.character_ids[0] ?? "") ?? null;
  }

  /** Asks anew: something was just said, named or removed. */
  async refresh(): Promise<void> {
    this.#again = this.#asking;
    if (this.#asking) return;
    this.#asking = true;
    try {
      const all = await getChats();
      void keepPage(await kept, RECENT_CHATS, all, Date.now());
      const chats = all.slice(0, MOST);
      if (chats.some((chat) => !this.#faces.has(chat.character_ids[0] ?? ""))) {
        const faces = facesOf(await getCharacters());
        // One who has left the gallery has no picture to be asked for again.
        for (const chat of chats) for (const id of chat.character_ids) if (!faces.has(id)) faces.set(id, null);
        this.#faces = faces;
      }
      this.chats = chats;
    } catch {
      // The pages themselves say that the server is away; what was known stays.
      await this.recall();
    } finally {
      this.#asking = false;
      if (this.#again) void this.refresh();
    }
  }

  /** Where nothing is known yet: what this browser saw last. */
  async recall(): Promise<void> {
    if (this.chats.length > 0) return;
    const cabinet = await kept;
    const [list, characters] = await Promise.all([keptChats(cabinet), keptPage(cabinet, CHARACTERS)]);
    this.#faces = facesOf((characters?.value ?? []) as readonly Character[]);
    this.chats = list?.chats.slice(0, MOST) ?? [];
  }
}

const facesOf = (characters: readonly Character[]): Map<string, string | null> =>
  new Map(characters.map((character) => [character.id, character.avatar_url]));

export const recents = new Recents();
