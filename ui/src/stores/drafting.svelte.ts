/** What the person is writing in a chat and has not sent: kept here at every key, and on the server soon after. */
import { putDraft } from "../lib/api/chats";
import { codePointLength } from "../lib/codepoints";
import { DraftKeeper, DraftSaver, NONE, reconciled, type Draft } from "../lib/drafts";
import type { Laid } from "../lib/kept";
import { waitInBrowser } from "../lib/reconnect";
import { kept } from "./browser";

/** What a message may hold, in code points, as the server counts. */
export const LIMIT = 100_000;

export class Drafting {
  #draft = $state.raw<Draft>(NONE);
  #told = 0;
  /** Resolves once it is known what this browser has. */
  readonly #found: Promise<void>;
  readonly #keeper: DraftKeeper;
  readonly #saver: DraftSaver;

  readonly text: string = $derived(this.#draft.text);
  readonly length: number = $derived(codePointLength(this.text));
  readonly canSend: boolean = $derived(this.length <= LIMIT && this.text.trim() !== "");

  constructor(chatId: string) {
    this.#keeper = new DraftKeeper(kept, chatId);
    this.#found = this.#keeper.read().then((draft) => {
      // What was written in the meantime goes behind it.
      const { text } = this.#draft;
      this.#draft = text === "" ? draft : { ...draft, text: draft.text === "" ? text : `${draft.text}\n${text}` };
    });
    this.#saver = new DraftSaver({
      put: (text, keepalive) => {
        this.#keep({ ...this.#draft, told: text });
        return putDraft(chatId, text, keepalive);
      },
      wait: waitInBrowser,
      onSaved: (text) => {
        this.#told += 1;
        this.#keep({ ...this.#draft, base: text });
      },
    });
  }

  /** How often the server has been told of a draft. */
  get told(): number {
    return this.#told;
  }

  write(text: string): void {
    this.#keep({ ...this.#draft, text });
    this.#tell(text, text === "");
  }

  /** It is a letter now. What is to be kept of it with that letter, so that it is never in both places, nor in none. */
  sent(): Laid {
    this.#draft = { ...this.#draft, text: "" };
    this.#tell("", true);
    return this.#keeper.sent(this.#draft);
  }

  /** What was sent or waited is written once more, before what is written now. */
  takeBack(text: string): void {
    this.write(this.text.trim() === "" ? text : `${text}\n${this.text}`);
  }

  /** The server has said what it has as the draft: of another device, perhaps. */
  async meet(server: string): Promise<void> {
    await this.#found;
    const draft = reconciled(this.#draft, server);
    this.#keep(draft);
    if (draft.text !== server) this.#tell(draft.text);
  }

  /** The page may go. */
  flush(): void {
    this.#saver.flush();
    this.#keeper.flush();
  }

  close(): void {
    this.#saver.close();
    this.#keeper.flush();
  }

  /** What is too long for a message is kept in this browser alone: the server would refuse it. */
  #tell(text: string, atOnce = false): void {
    if (codePointLength(text) <= LIMIT) this.#saver.save(text, atOnce);
  }

  #keep(draft: Draft): void {
    this.#draft = draft;
    this.#keeper.keep(draft);
  }
}
