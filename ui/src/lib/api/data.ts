/** What is kept, where, and what was deleted. */
import type { KeptData, Trash } from "../wire";
import { body, json } from "./http";

export const EXPORT_PATH = "/api/v1/export";

export const getData = (): Promise<KeptData> => json("/api/v1/data");

export const getTrash = (): Promise<Trash> => json("/api/v1/trash");

export const eraseForGood = (): Promise<unknown> => json("/api/v1/trash/purge", body("POST", { confirm: true }));
