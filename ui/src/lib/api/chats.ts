/** Chats, messages, turns, and the events of a chat. */
import type { Chat, Message, Sent, Turn } from "../wire";
import { body, call, json } from "./http";

const chat = (id: string): string => `/api/v1/chats/${encodeURIComponent(id)}`;

export interface ChatsWish {
  /** Words in the title, the preview or a character's name. */
  readonly q?: string;
  readonly characterId?: string | null;
  /** The chat that the page before ended with. */
  readonly before?: string | null;
  readonly limit?: number;
}

/** Chats, the latest first. */
export const getChats = async (wish: ChatsWish = {}): Promise<Chat[]> => {
  const query = new URLSearchParams();
  if (wish.q) query.set("q", wish.q);
  if (wish.characterId) query.set("character_id", wish.characterId);
  if (wish.before) query.set("before", wish.before);
  if (wish.limit) query.set("limit", String(wish.limit));
  return (await json<{ chats: Chat[] }>(`/api/v1/chats${query.size > 0 ? `?${query}` : ""}`)).chats;
};

export const getChat = (id: string): Promise<Chat> => json(chat(id));

/** `greeting` counts the character's greetings from 0; the others are there to be swiped to. */
export const putChat = (id: string, characterId: string, greeting = 0): Promise<unknown> =>
  json(chat(id), body("PUT", { character_ids: [characterId], ...(greeting > 0 ? { greeting } : {}) }));

export const renameChat = (id: string, title: string): Promise<Chat> => json(chat(id), body("PATCH", { title }));

export async function hideChat(id: string): Promise<void> {
  await call(chat(id), { method: "DELETE" });
}

export async function restoreChat(id: string): Promise<void> {
  await call(`${chat(id)}/restore`, { method: "POST" });
}

/** The `limit` messages before the message `before`, oldest first. */
export const getOlderMessages = async (id: string, before: string, limit: number): Promise<Message[]> => {
  const query = new URLSearchParams({ before, limit: String(limit) });
  return (await json<{ messages: Message[] }>(`${chat(id)}/messages?${query}`)).messages;
};

export const putMessage = (id: string, messageId: string, text: string, parentId: string | null): Promise<Sent> =>
  json(
    `${chat(id)}/messages/${encodeURIComponent(messageId)}`,
    body("PUT", parentId === null ? { text } : { text, parent_id: parentId }),
  );

export const putTurn = (
  id: string,
  turnId: string,
  kind: "reply" | "swipe" | "continue",
  parentId: string,
): Promise<unknown> =>
  json(`${chat(id)}/turns/${encodeURIComponent(turnId)}`, body("PUT", { kind, parent_id: parentId }));

export const stopTurn = (turnId: string): Promise<Turn> =>
  json(`/api/v1/turns/${encodeURIComponent(turnId)}/stop`, { method: "POST" });

/** Opens the event stream of a chat; `after` null asks for a snapshot. */
export const openEvents = (id: string, after: number | null, signal: AbortSignal): Promise<Response> =>
  call(`${chat(id)}/events${after === null ? "" : `?after=${after}`}`, {
    signal,
    cache: "no-store",
    headers: { Accept: "text/event-stream" },
  });
