/** Each letter goes out once, with its own id, in order; nothing leaves the shelf before the server has it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aloneByLease, type Alone } from "../src/lib/lease";
import type { Letter } from "../src/lib/letters";
import { Sender, type Post } from "../src/lib/sender";
import type { Sent } from "../src/lib/wire";
import { Browser, failure, letter, nobody, settled } from "./shared";

const answer = {} as Sent;
const atOnce: Alone = async (work) => {
  await work();
  return true;
};

function sender(browser: Browser, send: Post["send"], more: Partial<Post> = {}): Sender {
  const gate = browser.gate();
  return new Sender({
    kept: Promise.resolve(browser.kept),
    gate,
    alone: atOnce,
    send: (one) => gate.pass("PUT", () => send(one)),
    now: () => browser.now,
    random: () => 0.5,
    onSending: () => {},
    onSent: () => {},
    onChange: async () => {},
    onLocked: () => {},
    ...more,
  });
}

const lay = async (browser: Browser, ...letters: readonly Letter[]): Promise<void> => {
  for (const one of letters) await browser.kept.change("letters", one.messageId, () => one);
};
const left = async (browser: Browser): Promise<readonly Letter[]> => browser.kept.all("letters");

describe("the sender", () => {
  it("sends each letter until the server has it, in order within its chat, whatever fails and however often it is begun anew", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 8 }), fc.infiniteStream(fc.constantFrom(0, 0, -1, 500, 503, 429)), async (chats, statuses) => {
        const browser = new Browser();
        const written = chats.map((chatId, n) => letter(`m${n}`, { chatId }));
        await lay(browser, ...written);
        const arrived: Letter[] = [];
        const send = async (one: Letter): Promise<Sent> => {
          const status = statuses.next().value;
          // The answer may be lost although the letter has arrived.
          if (status <= 0 && !arrived.some(({ messageId }) => messageId === one.messageId)) arrived.push(one);
          if (status !== 0) throw status === -1 ? nobody() : failure(status);
          return answer;
        };
        for (let page = 0; page < 400 && (await left(browser)).length > 0; page += 1) {
          const next = await sender(browser, send).run();
          if (next !== null) browser.now = Math.max(browser.now + 1, next);
        }
        expect(await left(browser)).toEqual([]);
        for (const chat of ["a", "b", "c"]) {
          const ids = (letters: readonly Letter[]): string[] => letters.filter((one) => one.chatId === chat).map((one) => one.messageId);
          expect(ids(arrived)).toEqual(ids(written));
        }
      }),
      { numRuns: 60 },
    );
  });

  it("never sends what is held, being changed or refused, nor what stands behind it in its chat", async () => {
    const browser = new Browser();
    const sent: string[] = [];
    await lay(
      browser,
      letter("m1", { held: true }),
      letter("m2", { chatId: "other", paused: true }),
      letter("m3", { chatId: "other" }),
      letter("m4", { chatId: "third", refused: true }),
    );
    expect(await sender(browser, async (one) => (sent.push(one.messageId), answer)).run()).toBeNull();
    expect(sent).toEqual([]);
  });

  it("is not kept from sending by what belongs to another branch of the chat", async () => {
    const browser = new Browser();
    const sent: string[] = [];
    await lay(
      browser,
      letter("m1", { parentId: "one", refused: true }),
      letter("m2", { parentId: "another", notBefore: browser.now + 1000 }),
      letter("m3", { parentId: "a third" }),
    );
    expect(await sender(browser, async (one) => (sent.push(one.messageId), answer)).run()).toBe(browser.now + 1000);
    expect(sent).toEqual(["m3"]);
  });

  it("waits as long as the server asks, over a reload as well", async () => {
    const browser = new Browser();
    await lay(browser, letter("m1"));
    let tries = 0;
    const full = async (): Promise<Sent> => {
      tries += 1;
      throw failure(503, { code: "overloaded", retry_after_s: 30 });
    };
    expect(await sender(browser, full).run()).toBe(browser.now + 30_000);
    for (let reload = 0; reload < 100; reload += 1) await sender(browser, full).run();
    expect(tries).toBe(1);
    expect((await left(browser)).map(({ tries: n, trouble }) => [n, trouble?.code])).toEqual([[1, "overloaded"]]);
    browser.now += 30_000;
    await sender(browser, full).run();
    expect(tries).toBe(2);
  });

  it("says why a letter waits also where it was not tried, since the server is left in peace", async () => {
    const browser = new Browser();
    const struggling = browser.gate();
    await struggling.pass("GET", () => Promise.reject(failure(503, { retry_after_s: 60 }))).catch(() => {});
    await lay(browser, letter("m1"));
    let tries = 0;
    const post = sender(browser, async () => ((tries += 1), answer), { gate: struggling });
    expect(await post.run()).toBe(browser.now + 60_000);
    expect([tries, (await left(browser))[0]?.trouble?.status]).toEqual([0, 503]);
  });

  it("keeps what will never be taken, with the reason", async () => {
    const browser = new Browser();
    await lay(browser, letter("m1"));
    let tries = 0;
    const refusing = async (): Promise<Sent> => {
      tries += 1;
      throw failure(409);
    };
    for (let n = 0; n < 3; n += 1) expect(await sender(browser, refusing).run()).toBeNull();
    expect(tries).toBe(1);
    expect((await left(browser)).map(({ refused, trouble }) => [refused, trouble?.status])).toEqual([[true, 409]]);
  });

  it("keeps what needs the access token, and asks for it", async () => {
    const browser = new Browser();
    await lay(browser, letter("m1"), letter("m2", { chatId: "other" }));
    let asked = 0;
    let tries = 0;
    const locked = async (): Promise<Sent> => {
      tries += 1;
      throw failure(401, { code: "access_token_required" });
    };
    await sender(browser, locked, { onLocked: () => (asked += 1) }).run();
    expect([tries, asked, (await left(browser)).length]).toEqual([1, 1, 2]);
  });

  it("tells of the answer before the letter leaves, so that nothing vanishes in between", async () => {
    const browser = new Browser();
    await lay(browser, letter("m1"));
    const log: string[] = [];
    await sender(browser, async () => answer, {
      onSent: ({ messageId }) => log.push(`sent ${messageId}`),
      onChange: async () => void log.push(`left ${(await left(browser)).length}`),
    }).run();
    expect(log).toEqual(["sent m1", "left 0"]);
  });

  it("keeps what was changed while it was on its way: it had arrived as it was before", async () => {
    const browser = new Browser();
    await lay(browser, letter("m1"));
    const slow = async (one: Letter): Promise<Sent> => {
      await browser.kept.change("letters", one.messageId, (now) => now && { ...now, text: "better" });
      return answer;
    };
    await sender(browser, slow).run();
    expect((await left(browser)).map(({ text, refused, trouble }) => [text, refused, trouble?.code])).toEqual([["better", true, "conflict"]]);
  });

  it("lets what was withdrawn on its way go", async () => {
    const browser = new Browser();
    await lay(browser, letter("m1"));
    await sender(browser, async (one) => {
      await browser.kept.change("letters", one.messageId, () => null);
      throw nobody();
    }).run();
    expect(await left(browser)).toEqual([]);
  });

  it("leaves it to the one that has the lease, and takes over from one that is gone", async () => {
    const browser = new Browser();
    await lay(browser, letter("m1"));
    const kept = Promise.resolve(browser.kept);
    const tab = (holder: string): Partial<Post> => ({ alone: aloneByLease(kept, holder, () => browser.now, () => new Promise(() => {})) });
    const sent: string[] = [];
    void sender(browser, () => new Promise(() => sent.push("lost")), tab("one")).run();
    await settled();
    const other = sender(browser, async () => (sent.push("other"), answer), tab("other"));
    expect(await other.run()).toBeGreaterThan(browser.now);
    expect(sent).toEqual(["lost"]);
    browser.now += 60_000;
    await other.run();
    expect([sent, await left(browser)]).toEqual([["lost", "other"], []]);
  });
});
