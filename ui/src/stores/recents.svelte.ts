/** The chats talked in last, for the side bar. A convenience: where they cannot be had, there are none. */
import { getChats } from "../lib/api/chats";
import type { Chat } from "../lib/wire";

const MOST = 24;

class Recents {
  chats = $state.raw<readonly Chat[]>([]);
  #asking = false;
  #again = false;

  /** Asks anew: something was just said, named or removed. */
  async refresh(): Promise<void> {
    this.#again = this.#asking;
    if (this.#asking) return;
    this.#asking = true;
    try {
      this.chats = (await getChats()).slice(0, MOST);
    } catch {
      // The pages themselves say that the server is away; what was known stays.
    } finally {
      this.#asking = false;
      if (this.#again) void this.refresh();
    }
  }
}

export const recents = new Recents();
