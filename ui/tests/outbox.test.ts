import { describe, expect, it, vi } from "vitest";
import { Outbox, type Pending, type Post } from "../src/lib/outbox";
import type { Letter } from "../src/lib/shelf";
import { ProblemError, unreachable } from "../src/lib/problem";
import type { Shelf } from "../src/lib/shelf";
import type { Sent } from "../src/lib/wire";

class MemoryShelf implements Shelf {
  readonly items = new Map<string, string>();
  get length(): number {
    return this.items.size;
  }
  key = (index: number): string | null => [...this.items.keys()][index] ?? null;
  getItem = (key: string): string | null => this.items.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.items.set(key, value);
  removeItem = (key: string): void => void this.items.delete(key);
}

const letter = (messageId: string, chatId = "chat"): Letter => ({
  chatId,
  messageId,
  parentId: "greeting",
  text: `text of ${messageId}`,
  writtenAt: `2026-01-01T00:00:0${messageId.at(-1)}Z`,
  held: false,
  behind: null,
});

const answer = {} as Sent;

interface Desk {
  readonly post: Post;
  readonly sent: string[];
  readonly refused: string[];
  readonly pending: () => readonly Pending[];
  readonly log: string[];
}

function desk(send: Post["send"], shelf: Shelf = new MemoryShelf()): Desk {
  const sent: string[] = [];
  const refused: string[] = [];
  const log: string[] = [];
  let pending: readonly Pending[] = [];
  return {
    sent,
    refused,
    log,
    pending: () => pending,
    post: {
      shelf: () => shelf,
      send,
      wait: () => Promise.resolve(),
      onPending: (now) => {
        pending = now;
        log.push(`pending ${now.length}`);
      },
      onSent: (one) => (sent.push(one.messageId), log.push("sent")),
      onRefused: (one, problem) => refused.push(`${one.text}: ${problem.code}`),
    },
  };
}

describe("the outbox", () => {
  it("sends again with the same UUID and text until the server has it (promise 7)", async () => {
    const tries: Letter[] = [];
    const d = desk((one) => {
      tries.push(one);
      return tries.length < 5 ? Promise.reject(new TypeError("network")) : Promise.resolve(answer);
    });
    new Outbox("chat", d.post).add(letter("m1"));
    await vi.waitFor(() => expect(d.sent).toEqual(["m1"]));
    expect(new Set(tries.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(tries).toHaveLength(5);
    expect(d.pending()).toEqual([]);
  });

  it("says why a letter is not sent yet", async () => {
    let fail = (_: unknown): void => {};
    const d = desk(() => new Promise((_, reject) => (fail = reject)));
    new Outbox("chat", { ...d.post, wait: () => new Promise(() => {}) }).add(letter("m1"));
    expect(d.pending()[0]?.trouble).toBeNull();
    fail(new ProblemError({ ...unreachable, code: "store_busy", status: 503 }));
    await vi.waitFor(() => expect(d.pending()[0]?.trouble?.code).toBe("store_busy"));
  });

  it("hands a refused text back with the reason, and does not send it again", async () => {
    const shelf = new MemoryShelf();
    let tries = 0;
    const d = desk(() => {
      tries += 1;
      return Promise.reject(new ProblemError({ ...unreachable, code: "turn_in_progress", status: 409 }));
    }, shelf);
    new Outbox("chat", d.post).add(letter("m1"));
    await vi.waitFor(() => expect(d.refused).toEqual(["text of m1: turn_in_progress"]));
    expect([tries, shelf.length, d.pending().length]).toEqual([1, 0, 0]);
  });

  it("outlives a reload: the next page sends what is left, in order, and only its own chat's", async () => {
    const shelf = new MemoryShelf();
    const first = desk(() => new Promise(() => {}), shelf);
    const before = new Outbox("chat", first.post);
    before.add(letter("m2"));
    before.add(letter("m1"));
    new Outbox("other", first.post).add(letter("m3", "other"));
    before.close();
    const second = desk(() => Promise.resolve(answer), shelf);
    new Outbox("chat", second.post).open();
    await vi.waitFor(() => expect(second.sent).toEqual(["m1", "m2"]));
    expect([...shelf.items.keys()]).toEqual(["perdure.outbox.m3"]);
  });

  it("tells of the answer before it forgets the letter, so that nothing vanishes in between", async () => {
    const d = desk(() => Promise.resolve(answer));
    new Outbox("chat", d.post).add(letter("m1"));
    await vi.waitFor(() => expect(d.log).toEqual(["pending 1", "sent", "pending 0"]));
  });

  it("works from memory alone where storage throws", async () => {
    const d = desk(() => Promise.resolve(answer));
    const denied = (): Shelf => {
      throw new Error("denied");
    };
    const outbox = new Outbox("chat", { ...d.post, shelf: denied });
    outbox.open();
    outbox.add(letter("m1"));
    await vi.waitFor(() => expect(d.sent).toEqual(["m1"]));
  });

  it("passes over entries that it cannot read", () => {
    const shelf = new MemoryShelf();
    shelf.setItem("perdure.outbox.x", "{not json");
    shelf.setItem("perdure.outbox.y", '{"chatId":"chat"}');
    shelf.setItem("someone.else", "1");
    const d = desk(() => Promise.resolve(answer), shelf);
    new Outbox("chat", d.post).open();
    expect(d.pending()).toEqual([]);
  });

  it("keeps an unsent letter on the shelf when the page closes", async () => {
    const shelf = new MemoryShelf();
    let fail = (_: unknown): void => {};
    const d = desk(() => new Promise((_, reject) => (fail = reject)), shelf);
    const outbox = new Outbox("chat", d.post);
    outbox.add(letter("m1"));
    outbox.close();
    fail(new TypeError("aborted"));
    await Promise.resolve();
    expect(shelf.length).toBe(1);
    expect(d.refused).toEqual([]);
  });
});

describe("a held letter", () => {
  const held = (id: string): Letter => ({ ...letter(id), parentId: null, held: true });
  const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

  it("goes when it is released and not before, also by the next page, and says where it belongs in every repetition", async () => {
    const shelf = new MemoryShelf();
    const before = desk(() => Promise.reject(new Error("never")), shelf);
    new Outbox("chat", before.post).add(held("m1"));
    await settled();
    const tries: Letter[] = [];
    const after = desk((one) => {
      tries.push(one);
      return tries.length < 3 ? Promise.reject(new TypeError("network")) : Promise.resolve(answer);
    }, shelf);
    const outbox = new Outbox("chat", after.post);
    outbox.open();
    await settled();
    expect([before.sent, tries.length, after.pending().length]).toEqual([[], 0, 1]);
    outbox.release("m1", "reply");
    outbox.release("m1", "another");
    await vi.waitFor(() => expect(after.sent).toEqual(["m1"]));
    expect(tries.map((one) => one.parentId)).toEqual(["reply", "reply", "reply"]);
    expect(shelf.length).toBe(0);
  });

  it("is remembered as released: a page that is closed in between sends it to the same place", async () => {
    const shelf = new MemoryShelf();
    const first = new Outbox("chat", desk(() => new Promise(() => {}), shelf).post);
    first.add(held("m1"));
    first.release("m1", "reply");
    first.close();
    const second = desk((one) => (expect(one.parentId).toBe("reply"), Promise.resolve(answer)), shelf);
    new Outbox("chat", second.post).open();
    await vi.waitFor(() => expect(second.sent).toEqual(["m1"]));
  });

  it("remembers across a reload what it waits behind, and moves up where the letter before it will never be sent", async () => {
    const shelf = new MemoryShelf();
    const before = new Outbox("chat", desk(() => Promise.resolve(answer), shelf).post);
    before.add({ ...held("m1"), behind: "reply" });
    before.add({ ...held("m2"), behind: "m1" });
    before.withdraw("m1");
    const refusing = desk(() => Promise.reject(new ProblemError({ ...unreachable, status: 409 })), shelf);
    const after = new Outbox("chat", refusing.post);
    after.open();
    expect(refusing.pending().map((one) => one.behind)).toEqual(["reply"]);
    after.add({ ...held("m3"), behind: "m2" });
    after.release("m2", "reply 2");
    await vi.waitFor(() => expect(refusing.pending().map((one) => [one.messageId, one.behind])).toEqual([["m3", "reply 2"]]));
  });

  it("can be rewritten and withdrawn, in every tab, until it goes", async () => {
    const shelf = new MemoryShelf();
    const one = desk(() => Promise.resolve(answer), shelf);
    const two = desk(() => Promise.resolve(answer), shelf);
    const here = new Outbox("chat", one.post);
    here.add(held("m1"));
    here.add(held("m2"));
    const there = new Outbox("chat", two.post);
    there.open();
    here.rewrite("m1", "better");
    expect(here.withdraw("m2")).toBe(true);
    there.look();
    expect(two.pending().map((pending) => pending.text)).toEqual(["better"]);
    there.release("m2", "reply");
    there.release("m1", "reply");
    expect(here.withdraw("m1")).toBe(false);
    here.rewrite("m1", "too late");
    await vi.waitFor(() => expect(two.sent).toEqual(["m1"]));
    expect([shelf.length, one.sent]).toEqual([0, []]);
  });
});
