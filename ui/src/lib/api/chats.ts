/** Chats. What is said in them: messages.ts. */
import type { Chat } from "../wire";
import { body, call, json } from "./http";

const chat = (id: string): string => `/api/v1/chats/${encodeURIComponent(id)}`;

export const getChats = async (): Promise<Chat[]> => (await json<{ chats: Chat[] }>("/api/v1/chats")).chats;

export const getChat = (id: string): Promise<Chat> => json(chat(id));

export const putChat = (id: string, characterId: string): Promise<unknown> =>
  json(chat(id), body("PUT", { character_ids: [characterId] }));

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
