/** What is kept, where, and what was deleted. */
import type { KeptData, Trash } from "../wire";
import { body, call, json } from "./http";

export const EXPORT_PATH = "/api/v1/export";

export const getData = (): Promise<KeptData> => json("/api/v1/data");

export const getTrash = (): Promise<Trash> => json("/api/v1/trash");

export async function restoreChat(id: string): Promise<void> {
  await call(`/api/v1/chats/${encodeURIComponent(id)}/restore`, { method: "POST" });
}

export async function restoreCharacter(id: string): Promise<void> {
  await call(`/api/v1/characters/${encodeURIComponent(id)}/restore`, { method: "POST" });
}

export const eraseForGood = (): Promise<unknown> => json("/api/v1/trash/purge", body("POST", { confirm: true }));
