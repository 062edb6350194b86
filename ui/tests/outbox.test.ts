/** The outbox of a page: what is written is shown at once, kept, and changed or withdrawn in every tab until it is gone. */
import { describe, expect, it, vi } from "vitest";
import type { Letter } from "../src/lib/letters";
import { Outbox } from "../src/lib/outbox";
import type { Message } from "../src/lib/wire";
import { Browser, failure, letter, settled } from "./shared";

interface Tab {
  readonly box: Outbox;
  readonly shown: () => readonly Letter[];
  readonly runs: () => number;
  readonly sent: Message[];
}

function tab(browser: Browser, due: number | null = null): Tab {
  let shown: readonly Letter[] = [];
  let runs = 0;
  const sent: Message[] = [];
  const news = browser.tab();
  const box = new Outbox({
    kept: Promise.resolve(browser.kept),
    gate: browser.gate(0.5, news),
    news,
    sender: { run: async () => ((runs += 1), due) },
    onLetters: (letters) => (shown = letters),
    onSent: (message) => sent.push(message),
    alarm: () => {},
  });
  box.open();
  return { box, shown: () => shown, runs: () => runs, sent };
}

const held = (id: string, behind: string): Letter => letter(id, { parentId: null, held: true, behind });

describe("the outbox", () => {
  it("shows a letter at once, keeps it before it goes, and tells the other tabs", async () => {
    const browser = new Browser();
    const [one, other] = [tab(browser), tab(browser)];
    await settled();
    const before = one.runs();
    const kept = one.box.add(letter("m1"));
    expect([one.shown().length, one.runs()]).toEqual([1, before]);
    await kept;
    expect(await browser.kept.all("letters")).toEqual([letter("m1")]);
    await vi.waitFor(() => expect([other.shown(), one.runs() > before]).toEqual([[letter("m1")], true]));
  });

  it("never lets a letter flicker, however many are written while others are read", async () => {
    const browser = new Browser();
    const one = tab(browser);
    const added = ["m1", "m2", "m3", "m4"].map((id) => one.box.add(letter(id)));
    for (let n = 0; n < 20; n += 1) {
      expect(one.shown()).toHaveLength(4);
      await Promise.resolve();
    }
    await Promise.all(added);
    expect(one.shown()).toHaveLength(4);
  });

  it("releases a held letter once, behind one message, whichever tab does so", async () => {
    const browser = new Browser();
    const [one, other] = [tab(browser), tab(browser)];
    await one.box.add(held("m1", "reply"));
    one.box.release("m1", "reply");
    other.box.release("m1", "another");
    await settled();
    expect((await browser.kept.all("letters")).map((now) => [now.held, now.parentId])).toEqual([[false, "reply"]]);
  });

  it("moves up what waits behind a letter that was withdrawn, and gives its text back once", async () => {
    const browser = new Browser();
    const [one, other] = [tab(browser), tab(browser)];
    await one.box.add(held("m1", "reply"));
    await one.box.add(held("m2", "m1"));
    const taken = await Promise.all([one.box.withdraw("m1"), other.box.withdraw("m1")]);
    expect(taken.filter((now) => now !== null)).toHaveLength(1);
    await settled();
    expect((await browser.kept.all("letters")).map((now) => [now.messageId, now.behind])).toEqual([["m2", "reply"]]);
  });

  it("does not bring back what is gone by changing it", async () => {
    const browser = new Browser();
    const one = tab(browser);
    await one.box.add(letter("m1"));
    await browser.kept.change("letters", "m1", () => null);
    one.box.rewrite("m1", "too late");
    await settled();
    expect([await browser.kept.all("letters"), one.shown()]).toEqual([[], []]);
  });

  it("tries again what was refused once it says something else", async () => {
    const browser = new Browser();
    const one = tab(browser);
    await one.box.add(letter("m1"));
    await browser.kept.change("letters", "m1", (now) => now && { ...now, refused: true, trouble: failure(413).problem });
    one.box.rewrite("m1", "shorter");
    await settled();
    expect(one.shown().map(({ text, refused, trouble }) => [text, refused, trouble])).toEqual([["shorter", false, null]]);
  });

  it("sends out of turn within the budget alone", async () => {
    const browser = new Browser();
    const one = tab(browser);
    await one.box.add(letter("m1", {}));
    let granted = 0;
    for (let press = 0; press < 10; press += 1) granted += Number(await one.box.sendNow("m1"));
    expect(granted).toBe(3);
  });

  it("hears from another page that a letter has become a message", async () => {
    const browser = new Browser();
    const one = tab(browser);
    browser.tab().tell({ kind: "sent", message: { id: "m1" } as Message });
    expect(one.sent.map(({ id }) => id)).toEqual(["m1"]);
  });
});
