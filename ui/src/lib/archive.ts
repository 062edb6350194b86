/**
 * Pages of the record as this browser saw them last, to be read while the server is away, and shown as of when they were
 * seen. Never shown in the place of what the server says.
 */
import type { Kept } from "./kept";
import type { Chat, Message } from "./wire";

export interface KeptPage {
  readonly key: string;
  /** When it was seen, in Unix milliseconds. */
  readonly seenAt: number;
  readonly value: unknown;
}

/** The end of a chat's branch. */
export interface KeptMessages {
  readonly headId: string;
  /** Oldest first. */
  readonly messages: readonly Message[];
}

/** How many messages of a chat are kept, and of how many chats. */
export const MESSAGES = 200;
export const CHATS = 50;

/** A server that is silent for so long is as good as away: what was seen last is shown until it speaks, in milliseconds. */
export const SILENCE_MS = 4000;

const CHAT = "chat/";
const BRANCH = "messages/";
export const CHARACTERS = "characters";
export const RECENT_CHATS = "chats";
export const PERSONAS = "personas";
export const chatKey = (id: string): string => CHAT + id;
export const branchKey = (id: string): string => BRANCH + id;

export async function keepPage(kept: Kept, key: string, value: unknown, seenAt: number): Promise<void> {
  await kept.put(["pages", key, { key, seenAt, value }]);
}

export const keptPage = (kept: Kept, key: string): Promise<KeptPage | null> => kept.get("pages", key);

/** The chats that are known here, the latest first: those of the last list, and those that were looked at since. */
export async function keptChats(kept: Kept): Promise<{ readonly chats: readonly Chat[]; readonly seenAt: number } | null> {
  const pages = await kept.all("pages");
  const list = pages.find(({ key }) => key === RECENT_CHATS);
  const looked = pages.filter(({ key }) => key.startsWith(CHAT)).map(({ value }) => value as Chat);
  const chats = new Map([...((list?.value ?? []) as readonly Chat[]), ...looked].map((chat) => [chat.id, chat]));
  const seenAt = list?.seenAt ?? Math.max(...pages.map((page) => page.seenAt));
  return chats.size === 0 ? null : { chats: [...chats.values()].sort((a, b) => b.updated_at.localeCompare(a.updated_at)), seenAt };
}

export async function dropPage(kept: Kept, key: string): Promise<void> {
  await kept.put(["pages", key, null]);
}

/** The chat is gone: nothing of it stays. */
export async function forgetChat(kept: Kept, id: string): Promise<void> {
  await kept.put(["pages", chatKey(id), null], ["pages", branchKey(id), null]);
}

/**
 * Keeps the list of chats as the server has just told it, the latest first; `whole` where there are no more. A chat that was
 * kept and would have to be in it is gone: deleted elsewhere, and not to be read here either.
 */
export async function keepChats(kept: Kept, chats: readonly Chat[], whole: boolean, seenAt: number): Promise<void> {
  await keepPage(kept, RECENT_CHATS, chats, seenAt);
  const there = new Set(chats.map(({ id }) => id));
  const oldest = chats.at(-1)?.updated_at ?? "";
  for (const { key, value } of await kept.all("pages")) {
    if (!key.startsWith(CHAT)) continue;
    const { id, updated_at } = value as Chat;
    if (!there.has(id) && (whole || updated_at > oldest)) await forgetChat(kept, id);
  }
}

/** Lets go of the chats that were seen longest ago, beyond so many. */
export async function tidy(kept: Kept): Promise<void> {
  const seen = (await kept.all("pages")).filter(({ key }) => key.startsWith(CHAT)).sort((a, b) => b.seenAt - a.seenAt);
  for (const { key } of seen.slice(CHATS)) await forgetChat(kept, key.slice(CHAT.length));
}

/** How much of it there is, in bytes of text, about. */
export const sizeOf = async (kept: Kept): Promise<number> => JSON.stringify(await kept.all("pages")).length;

export async function clearPages(kept: Kept): Promise<void> {
  for (const { key } of await kept.all("pages")) await dropPage(kept, key);
}
