/** Pages of a chat, asked for until they are here. */
import { getMessages, putHead, type Piece } from "../lib/api/messages";
import { asProblemError } from "../lib/problem";
import { persist, waitInBrowser } from "../lib/reconnect";
import type { MessagePage } from "../lib/wire";
import type { Conversation } from "./conversation.svelte";

const PAGE = 100;

export class Pages {
  readonly #conversation: Conversation;
  #fetching = false;

  constructor(conversation: Conversation) {
    this.#conversation = conversation;
  }

  /** What stands around a message. @throws ProblemError, also where the message is not on the branch. */
  around(id: string): Promise<MessagePage> {
    return this.#get({ around: id });
  }

  /** The same on whichever branch the message is, which is then the one that is shown. @throws ProblemError */
  async anywhere(id: string): Promise<MessagePage> {
    try {
      return await this.around(id);
    } catch (thrown) {
      if (!isGone(thrown)) throw thrown;
      await this.#insist(() => putHead(this.#conversation.chatId, id, true));
      return this.around(id);
    }
  }

  /** The next piece, which the conversation then knows; null where there is none to be had, or another is on its way. */
  async next(piece: Piece): Promise<MessagePage | null> {
    if (this.#fetching) return null;
    this.#fetching = true;
    try {
      const page = await this.#get(piece);
      this.#conversation.learn(page.messages);
      return page;
    } catch {
      return null;
    } finally {
      this.#fetching = false;
    }
  }

  #get(piece: Piece): Promise<MessagePage> {
    return this.#insist(() => getMessages(this.#conversation.chatId, piece, PAGE));
  }

  #insist<T>(ask: () => Promise<T>): Promise<T> {
    return persist(ask, { signal: this.#conversation.closed, wait: waitInBrowser });
  }
}

/** Whether the server does not have it on the branch; all else may yet succeed. */
export function isGone(thrown: unknown): boolean {
  return asProblemError(thrown).problem.status === 404;
}
