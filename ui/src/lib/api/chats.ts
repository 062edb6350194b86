/** Chats. What is said in them: messages.ts. */
import type { Chat } from "../wire";
import { body, call, json } from "./http";

const chat = (id: string): string => `/api/v1/chats/${encodeURIComponent(id)}`;

export interface ChatsWish {
  /** Words in the title, the preview or a character's name. */
  readonly q?: string;
  readonly characterId?: string | null;
  /** Only those last used before this instant, in Unix seconds. */
  readonly before?: number | null;
  readonly limit?: number;
}

/** Chats, the latest first. */
export const getChats = async (wish: ChatsWish = {}): Promise<Chat[]> => {
  const query = new URLSearchParams();
  if (wish.q) query.set("q", wish.q);
  if (wish.characterId) query.set("character_id", wish.characterId);
  if (wish.before) query.set("before", String(wish.before));
  if (wish.limit) query.set("limit", String(wish.limit));
  return (await json<{ chats: Chat[] }>(`/api/v1/chats${query.size > 0 ? `?${query}` : ""}`)).chats;
};

export const getChat = (id: string): Promise<Chat> => json(chat(id));

/** `greeting` counts the character's greetings from 0; the others are there to be swiped to. */
export const putChat = (id: string, characterId: string, greeting = 0): Promise<unknown> =>
  json(chat(id), body("PUT", { character_ids: [characterId], ...(greeting > 0 ? { greeting } : {}) }));

export async function hideChat(id: string): Promise<void> {
  await call(chat(id), { method: "DELETE" });
}

export const restoreChat = (id: string): Promise<Chat> => json(`${chat(id)}/restore`, { method: "POST" });

export const changeChat = (id: string, changes: { title?: string; persona_id?: string | null }): Promise<Chat> =>
  json(chat(id), body("PATCH", changes));

/** Keeps what is being written; the empty text forgets it. `keepalive` lets it outlive the page. */
export async function putDraft(id: string, text: string, keepalive = false): Promise<void> {
  await call(`${chat(id)}/draft`, { ...body("PUT", { text }), keepalive });
}

export const exportPath = (id: string, format: "jsonl" | "txt"): string => `${chat(id)}/export?format=${format}`;
