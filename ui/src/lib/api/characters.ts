/** Characters, their pictures and their cards. */
import type { CardForm } from "../cardForm";
import type { Character, TokenCount } from "../wire";
import { body, call, json } from "./http";

const character = (id: string): string => `/api/v1/characters/${encodeURIComponent(id)}`;

export const getCharacters = async (): Promise<Character[]> =>
  (await json<{ characters: Character[] }>("/api/v1/characters")).characters;

export const getCharacter = (id: string): Promise<Character> => json(character(id));

export async function importCard(file: File): Promise<Character> {
  const form = new FormData();
  form.append("file", file);
  const answer = await json<{ character: Character }>("/api/v1/characters/import", { method: "POST", body: form });
  return answer.character;
}

/** The same again is the same character. */
export const createCharacter = (id: string, fields: Partial<CardForm>): Promise<Character> =>
  json("/api/v1/characters", body("POST", { ...fields, id }));

export const changeCharacter = (
  id: string,
  changes: Partial<CardForm> & { readonly favourite?: boolean },
): Promise<Character> => json(character(id), body("PATCH", changes));

export async function hideCharacter(id: string): Promise<void> {
  await call(character(id), { method: "DELETE" });
}

export async function restoreCharacter(id: string): Promise<void> {
  await call(`${character(id)}/restore`, { method: "POST" });
}

export const putAvatar = (id: string, picture: Blob): Promise<Character> =>
  json(`${character(id)}/avatar`, { method: "PUT", headers: { "Content-Type": picture.type }, body: picture });

export const removeAvatar = (id: string): Promise<Character> => json(`${character(id)}/avatar`, { method: "DELETE" });

export const CARD_FORMATS = ["png", "json", "charx"] as const;

/** Where the whole card is to be had. */
export const cardUrl = (id: string, format: (typeof CARD_FORMATS)[number]): string =>
  `${character(id)}/export?format=${format}`;

export const countTokens = (texts: readonly string[], signal: AbortSignal): Promise<TokenCount> =>
  json("/api/v1/tokens", { ...body("POST", { texts }), signal });
