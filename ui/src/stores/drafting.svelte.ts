/** What the person is writing in a chat and has not sent: kept here at every key, and on the server soon after. */
import { putDraft } from "../lib/api/chats";
import { codePointLength } from "../lib/codepoints";
import { DraftSaver, keepDraft, readDraft, reconciled, type Draft } from "../lib/drafts";
import { waitInBrowser } from "../lib/reconnect";

/** What a message may hold, in code points, as the server counts. */
export const LIMIT = 100_000;

export class Drafting {
  #draft = $state.raw<Draft>({ text: "", base: "" });
  #told = 0;
  readonly #chatId: string;
  readonly #saver: DraftSaver;

  readonly text: string = $derived(this.#draft.text);
  readonly length: number = $derived(codePointLength(this.text));
  readonly canSend: boolean = $derived(this.length <= LIMIT && this.text.trim() !== "");

  constructor(chatId: string) {
    this.#chatId = chatId;
    this.#draft = readDraft(chatId);
    this.#saver = new DraftSaver({
      put: (text, keepalive) => putDraft(chatId, text, keepalive),
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

  /** What was sent or waited is written once more, before what is written now. */
  takeBack(text: string): void {
    this.write(this.text.trim() === "" ? text : `${text}\n${this.text}`);
  }

  /** The server has said what it has as the draft: of another device, perhaps. */
  meet(server: string): void {
    const draft = reconciled(this.#draft, server);
    this.#keep(draft);
    if (draft.text !== server) this.#tell(draft.text);
  }

  /** The page may go. */
  flush(): void {
    this.#saver.flush();
  }

  close(): void {
    this.#saver.close();
  }

  /** What is too long for a message is kept in this browser alone: the server would refuse it. */
  #tell(text: string, atOnce = false): void {
    if (codePointLength(text) <= LIMIT) this.#saver.save(text, atOnce);
  }

  #keep(draft: Draft): void {
    this.#draft = draft;
    keepDraft(this.#chatId, draft);
  }
}
