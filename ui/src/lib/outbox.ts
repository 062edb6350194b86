/**
 * The letters of this browser as a page sees them, whatever chat they are for and whichever tab they were written in. A
 * letter leaves only once the server has it, or the person takes it back. Who sends them: sender.ts.
 *
 * A letter may be held: it is behind a reply that still runs, or behind another letter, and what it will follow is not
 * known yet. It is released once, and what it follows is written down before it goes, so that every repetition says the
 * same.
 */
import type { Gate } from "./gate";
import type { Kept, Laid } from "./kept";
import { inOrder, rewritten, written, type Fresh, type Letter } from "./letters";
import type { News } from "./news";
import type { Sender } from "./sender";
import type { Message } from "./wire";

export interface Desk {
  readonly kept: Promise<Kept>;
  readonly gate: Pick<Gate, "hurry" | "watch">;
  readonly news: News;
  readonly sender: Pick<Sender, "run">;
  readonly onLetters: (letters: readonly Letter[]) => void;
  /** A letter has become this message, sent by another page. */
  readonly onSent: (message: Message) => void;
  /** Runs `then` at that instant, in Unix milliseconds, in place of what was to be run before. */
  readonly alarm: (at: number, then: () => void) => void;
}

type Change = (letter: Letter) => Letter;

export class Outbox {
  readonly #desk: Desk;
  #letters: readonly Letter[] = [];
  /** How much is being written down: until then, what lies there is older than what is shown. */
  #underWay = 0;
  /** How often something was changed, or looked at: of several looks the last one counts. */
  #changes = 0;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** Takes up what earlier pages left, and goes on with it; returns how to leave it. */
  open(): () => void {
    const unheard = this.#desk.news.hear((tidings) => {
      if (tidings.kind === "sent") this.#desk.onSent(tidings.message);
      else if (tidings.kind === "letters") void this.#takeUp();
    });
    const unwatched = this.#desk.gate.watch(() => void this.run());
    void this.#takeUp();
    return () => {
      unheard();
      unwatched();
    };
  }

  /** Resolves once it is kept, with what is to be kept `besides` all in one; then it goes. */
  async add(fresh: Fresh, ...besides: readonly Laid[]): Promise<void> {
    const letter = written(fresh);
    this.#show([...this.#letters, letter]);
    await this.#write((kept) => kept.put(["letters", letter.messageId, letter], ...besides));
  }

  /** Lets a held letter go, behind `parentId`. Another tab may have let it go, or withdrawn it, before. */
  release(messageId: string, parentId: string | null): void {
    this.#change(messageId, (letter) => (letter.held ? { ...letter, parentId, held: false } : letter));
  }

  /** A held letter now waits for this reply. */
  stand(messageId: string, behind: string): void {
    const known = this.#letters.find((one) => one.messageId === messageId);
    if (known?.held && known.behind !== behind) this.#change(messageId, (letter) => ({ ...letter, behind }));
  }

  /** Keeps it from going while it is being changed, or lets it go on. */
  pause(messageId: string, paused: boolean): void {
    this.#change(messageId, (letter) => ({ ...letter, paused }));
  }

  rewrite(messageId: string, text: string): void {
    this.#change(messageId, (letter) => rewritten(letter, text));
  }

  /** Takes a letter back; null where it had gone, or another tab has taken it. */
  async withdraw(messageId: string): Promise<Letter | null> {
    const taken: Letter[] = [];
    this.#show(this.#letters.filter((one) => one.messageId !== messageId));
    await this.#write((kept) =>
      kept.change("letters", messageId, (letter) => {
        if (letter) taken.push(letter);
        return null;
      }),
    );
    const [letter = null] = taken;
    // What waits behind it waits for what it stood behind.
    const behind = letter?.parentId ?? letter?.behind ?? null;
    if (behind !== null) for (const one of this.#letters) if (one.behind === messageId) this.stand(one.messageId, behind);
    return letter;
  }

  /** Tries it out of turn, as far as there is a budget for that; whether there is. */
  async sendNow(messageId: string): Promise<boolean> {
    const granted = await this.#desk.gate.hurry();
    if (granted) this.#change(messageId, (letter) => ({ ...letter, notBefore: 0 }));
    return granted;
  }

  /** The access token was given: what waited for it goes. */
  async unlocked(): Promise<void> {
    // What lies there, not what is shown: it may have been noted just now.
    for (const { messageId, trouble } of await (await this.#desk.kept).all("letters")) {
      if (trouble?.code === "access_token_required") this.#change(messageId, (letter) => ({ ...letter, notBefore: 0 }));
    }
  }

  /** Sends what is due, now and whenever more will be. */
  async run(): Promise<void> {
    const next = await this.#desk.sender.run();
    if (next !== null) this.#desk.alarm(next, () => void this.run());
  }

  /** Looks at what lies there now. */
  async look(): Promise<void> {
    const changes = (this.#changes += 1);
    const letters = await (await this.#desk.kept).all("letters");
    if (this.#underWay === 0 && changes === this.#changes) this.#show(letters);
  }

  async #takeUp(): Promise<void> {
    await this.look();
    await this.run();
  }

  /** Shown at once, and written down. What is gone stays gone. */
  #change(messageId: string, change: Change): void {
    this.#show(this.#letters.map((one) => (one.messageId === messageId ? change(one) : one)));
    void this.#write((kept) => kept.change("letters", messageId, (letter) => letter && change(letter)));
  }

  async #write(work: (kept: Kept) => Promise<unknown>): Promise<void> {
    this.#underWay += 1;
    this.#changes += 1;
    await work(await this.#desk.kept);
    this.#underWay -= 1;
    this.#desk.news.tell({ kind: "letters" });
    await this.look();
    void this.run();
  }

  #show(letters: readonly Letter[]): void {
    this.#letters = inOrder(letters);
    this.#desk.onLetters(this.#letters);
  }
}
