/** What a browser keeps: the same whether it keeps it for good or, refusing that, for as long as the page lives. */
import { IDBFactory } from "fake-indexeddb";
import { describe, expect, it } from "vitest";
import { branchKey, CHATS, chatKey, clearPages, forgetChat, keepChats, keepPage, keptPage, sizeOf, tidy } from "../src/lib/archive";
import { Memory, openKept, type Kept } from "../src/lib/kept";
import { formerLetters } from "../src/lib/letters";
import type { Chat } from "../src/lib/wire";
import { letter } from "./shared";

const BROWSERS: readonly (readonly [string, () => Promise<Kept>])[] = [
  ["IndexedDB", () => openKept(() => new IDBFactory())],
  ["memory alone", async () => new Memory()],
];

describe.each(BROWSERS)("%s", (_, open) => {
  it("has what was put there, and not what was taken away", async () => {
    const kept = await open();
    await kept.change("letters", "m1", () => letter("m1"));
    await kept.change("letters", "m2", () => letter("m2"));
    await kept.change("letters", "m1", () => null);
    expect(await kept.get("letters", "m1")).toBeNull();
    expect(await kept.all("letters")).toEqual([letter("m2")]);
    expect(await kept.all("drafts")).toEqual([]);
  });

  it("lets nobody come in between reading and writing: each change builds on the one before", async () => {
    const kept = await open();
    const more = (now: { readonly text: string; readonly base: string } | null) => ({ text: `${now?.text ?? ""}x`, base: "" });
    await Promise.all(Array.from({ length: 20 }, () => kept.change("drafts", "chat", more)));
    expect((await kept.get("drafts", "chat"))?.text).toBe("x".repeat(20));
  });

  it("keeps the chats that were seen last, and forgets one as a whole, also one that a list no longer has", async () => {
    const kept = await open();
    for (let n = 0; n < CHATS + 3; n += 1) {
      await keepPage(kept, chatKey(`c${n}`), { n }, n);
      await keepPage(kept, branchKey(`c${n}`), { n }, n);
    }
    await tidy(kept);
    expect([await keptPage(kept, branchKey("c2")), await keptPage(kept, chatKey("c2"))]).toEqual([null, null]);
    expect((await keptPage(kept, branchKey("c3")))?.seenAt).toBe(3);
    await forgetChat(kept, "c3");
    expect([await keptPage(kept, branchKey("c3")), await keptPage(kept, chatKey("c3"))]).toEqual([null, null]);
    // The list no longer has c5, which would have to be in it; c4 may stand behind its end.
    const chat = (n: number): Chat => ({ id: `c${n}`, updated_at: `2026-01-01T00:00:${String(n).padStart(2, "0")}Z` }) as Chat;
    for (const n of [4, 5, 6]) await keepPage(kept, chatKey(`c${n}`), chat(n), n);
    await keepChats(kept, [chat(7), chat(6), { ...chat(5), id: "another" }], false, 100);
    const there = async (n: number): Promise<boolean> => (await keptPage(kept, chatKey(`c${n}`))) !== null;
    expect([await there(4), await there(5), await there(6)]).toEqual([true, true, true]);
    await keepChats(kept, [chat(7), chat(6), chat(4)], false, 100);
    expect([await there(4), await there(5), await there(6)]).toEqual([true, false, true]);
    const size = await sizeOf(kept);
    await clearPages(kept);
    expect([size > 0, await kept.all("pages")]).toEqual([true, []]);
  });
});

it("outlives the page, unless the browser refuses: then it says so", async () => {
  const factory = new IDBFactory();
  const kept = await openKept(() => factory);
  await kept.change("letters", "m1", () => letter("m1"));
  const later = await openKept(() => factory);
  expect([later.lasting, await later.all("letters")]).toEqual([true, [letter("m1")]]);
  const refusing = await openKept(() => {
    throw new DOMException("denied", "SecurityError");
  });
  expect(refusing.lasting).toBe(false);
});

it("what a full disk does not take lies in memory, beside what it has", async () => {
  const factory = new IDBFactory();
  const kept = await openKept(() => factory);
  await kept.change("letters", "m1", () => letter("m1"));
  // What cannot be cloned cannot be written: as good as a full disk.
  const unwritable = { ...letter("m2"), text: (() => "") as unknown as string };
  await kept.change("letters", "m2", () => unwritable);
  expect([kept.lasting, new Set((await kept.all("letters")).map((one) => one.messageId))]).toEqual([false, new Set(["m1", "m2"])]);
  await kept.change("letters", "m2", () => null);
  await kept.change("letters", "m1", () => null);
  expect(await kept.all("letters")).toEqual([]);
});

it("letters of an earlier version are taken over, and what cannot be read is passed over", () => {
  const { chatId, messageId, text, parentId, writtenAt, held, behind } = letter("m1");
  const storage = {
    "perdure.outbox.m1": JSON.stringify({ chatId, messageId, text, parentId, writtenAt, held, behind }),
    "perdure.outbox.x": "{not json",
    "perdure.outbox.y": '{"chatId":"chat"}',
    "someone.else": "1",
  };
  const opened = Object.assign(Object.create({ getItem: (key: keyof typeof storage) => storage[key] }), storage) as Storage;
  expect(formerLetters(opened)).toEqual([["perdure.outbox.m1", letter("m1")]]);
});
