/** What can be done about what was said: nothing is overwritten, each of these adds to the tree or shows another of its branches. */
import { hideMessage, putHead, putMessage, putTurn, restoreMessage, stopTurn } from "../lib/api/messages";
import { asProblemError } from "../lib/problem";
import { persist, waitInBrowser } from "../lib/reconnect";
import type { ShownMessage } from "../lib/stream";
import { isInProgress } from "../lib/turns";
import { newUuid } from "../lib/uuid";
import { t } from "../i18n/i18n.svelte";
import type { Conversation } from "./conversation.svelte";
import { toasts } from "./toasts.svelte";

export class Acts {
  /** What the head was when a turn was asked for or told to stop. */
  #askedAt = $state<string | null>(null);
  /** The message that the person has swiped to, while the server is being told. */
  #goal = $state<string | null>(null);
  #moving = false;
  readonly #conversation: Conversation;

  readonly #headNow: string = $derived.by(() => {
    const { head } = this.#conversation;
    return `${head?.id} ${head?.turn_id} ${head?.state}`;
  });
  /** A wish about the head is under way: true until the stream shows its effect, so that nobody asks twice. */
  readonly asking: boolean = $derived(this.#askedAt === this.#headNow);

  constructor(conversation: Conversation) {
    this.#conversation = conversation;
  }

  /** What the stream has shown is heard: the same head may be asked again once somebody is back at it. */
  tend(): void {
    if (!this.asking) this.#askedAt = null;
  }

  stop(): void {
    const turnId = this.#conversation.head?.turn_id;
    if (this.#conversation.replying && turnId) void this.#ask(() => stopTurn(turnId));
  }

  /** Another reply beside this one. */
  regenerate(reply: ShownMessage): void {
    const { parent_id } = reply;
    const turnId = newUuid();
    if (parent_id !== null) void this.#ask(() => putTurn(this.#conversation.chatId, turnId, "swipe", parent_id));
  }

  goOn(reply: ShownMessage): void {
    const turnId = newUuid();
    void this.#ask(() => putTurn(this.#conversation.chatId, turnId, "continue", reply.id));
  }

  /** Whether a swipe beyond the last reply makes a new one. */
  canRegenerate(message: ShownMessage): boolean {
    return message.role === "character" && message.parent_id !== null && !isInProgress(message.state);
  }

  /** Whether the version that was chosen is not here yet. */
  isMoving(message: ShownMessage): boolean {
    return this.#goal !== null && this.#goal !== message.id && this.#conversation.siblingsOf(message).includes(this.#goal);
  }

  /** Where among its siblings a message is, or will be once the server has heard of it: [place, of how many]. */
  placeOf(message: ShownMessage): readonly [number, number] {
    const ids = this.#conversation.siblingsOf(message);
    const goal = this.#goal === null ? -1 : ids.indexOf(this.#goal);
    return [goal >= 0 ? goal : ids.indexOf(message.id), ids.length];
  }

  canSwipe(message: ShownMessage, by: -1 | 1): boolean {
    const [place, count] = this.placeOf(message);
    return by < 0 ? place > 0 : place < count - 1 || (this.canRegenerate(message) && !this.asking && !this.#conversation.replying);
  }

  swipe(message: ShownMessage, by: -1 | 1): void {
    if (!this.canSwipe(message, by)) return;
    const id = this.#conversation.siblingsOf(message)[this.placeOf(message)[0] + by];
    if (id === undefined) this.regenerate(message);
    else void this.#moveTo(id);
  }

  /** The branch ends here, and what is said next begins another. */
  async rewind(message: ShownMessage): Promise<void> {
    const { chatId } = this.#conversation;
    const { headId } = this.#conversation.view;
    const done = await this.#ask(() => putHead(chatId, message.id, false));
    this.#askedAt = null;
    if (done && headId !== null) toasts.offer(t().chat.branched, () => putHead(chatId, headId, false));
  }

  /** Another version beside a message; a person's own is answered anew. Returns whether it is there. */
  async edit(message: ShownMessage, text: string): Promise<boolean> {
    const id = newUuid();
    const reply = message.role === "user";
    const answer = await this.#wish(() =>
      putMessage(this.#conversation.chatId, id, { text, beside: message.id, reply }),
    );
    if (!answer) return false;
    this.#conversation.learn([answer.message]);
    this.#conversation.edits.end(message.id);
    return true;
  }

  async hide(message: ShownMessage): Promise<void> {
    const { chatId } = this.#conversation;
    if (!(await this.#wish(() => hideMessage(chatId, message.id)))) return;
    toasts.offer(t().chat.messageDeleted, () => restoreMessage(chatId, message.id));
  }

  /** Shows the branch through `id`. Of several swipes in a row only the last is told. */
  async #moveTo(id: string): Promise<void> {
    this.#goal = id;
    if (this.#moving) return;
    this.#moving = true;
    let told: string | null = null;
    while (this.#goal !== null && this.#goal !== told) {
      const goal: string = this.#goal;
      told = goal;
      if (!(await this.#wish(() => putHead(this.#conversation.chatId, goal, true)))) break;
    }
    this.#moving = false;
    await this.#arrival(told);
    if (!this.#moving) this.#goal = null;
  }

  /** The stream shows the branch a moment after, or before, the answer. */
  async #arrival(id: string | null): Promise<void> {
    const { closed } = this.#conversation;
    for (let n = 0; n < 40 && id !== null && !closed.aborted && !this.#conversation.path.includes(id); n += 1) {
      await waitInBrowser(0.05, closed);
    }
  }

  /** Returns whether it was heard. */
  async #ask(wish: () => Promise<unknown>): Promise<boolean> {
    if (this.asking) return false;
    this.#askedAt = this.#headNow;
    const heard = (await this.#wish(wish)) !== null;
    if (!heard) this.#askedAt = null;
    return heard;
  }

  /** The answer to a wish, told until it is heard; null where it was refused, which is said. */
  async #wish<T>(wish: () => Promise<T>): Promise<T | null> {
    const conversation = this.#conversation;
    conversation.notice = null;
    try {
      const answer = await persist(wish, {
        signal: conversation.closed,
        wait: waitInBrowser,
        onFailure: (error) => (conversation.notice = error.problem),
      });
      conversation.notice = null;
      return answer;
    } catch (thrown) {
      if (!conversation.closed.aborted) conversation.notice = asProblemError(thrown).problem;
      return null;
    }
  }
}
