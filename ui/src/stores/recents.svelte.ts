/** The chats talked in last, for the side bar. A convenience: where they cannot be had, there are none. */
import { getCharacters } from "../lib/api/characters";
import { getChats } from "../lib/api/chats";
import type { Chat } from "../lib/wire";

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
      const chats = (await getChats()).slice(0, MOST);
      if (chats.some((chat) => !this.#faces.has(chat.character_ids[0] ?? ""))) {
        const faces = new Map((await getCharacters()).map((character) => [character.id, character.avatar_url]));
        // One who has left the gallery has no picture to be asked for again.
        for (const chat of chats) for (const id of chat.character_ids) if (!faces.has(id)) faces.set(id, null);
        this.#faces = faces;
      }
      this.chats = chats;
    } catch {
      // The pages themselves say that the server is away; what was known stays.
    } finally {
      this.#asking = false;
      if (this.#again) void this.refresh();
    }
  }
}

export const recents = new Recents();
