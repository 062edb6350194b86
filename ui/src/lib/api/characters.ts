/** Characters and their cards. */
import type { Character } from "../wire";
import { json } from "./http";

export const getCharacters = async (): Promise<Character[]> =>
  (await json<{ characters: Character[] }>("/api/v1/characters")).characters;

export const getCharacter = (id: string): Promise<Character> =>
  json(`/api/v1/characters/${encodeURIComponent(id)}`);

export async function importCard(file: File): Promise<Character> {
  const form = new FormData();
  form.append("file", file);
  const answer = await json<{ character: Character }>("/api/v1/characters/import", { method: "POST", body: form });
  return answer.character;
}
