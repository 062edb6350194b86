/** Who the person is in their chats. */
import type { Persona } from "../wire";
import { body, call, json } from "./http";

const one = (id: string): string => `/api/v1/personas/${encodeURIComponent(id)}`;

export const getPersonas = async (): Promise<readonly Persona[]> =>
  (await json<{ personas: readonly Persona[] }>("/api/v1/personas")).personas;

export const putPersona = (id: string, name: string, description: string): Promise<unknown> =>
  json(one(id), body("PUT", { name, description }));

export async function hidePersona(id: string): Promise<void> {
  await call(one(id), { method: "DELETE" });
}

export async function restorePersona(id: string): Promise<void> {
  await call(`${one(id)}/restore`, { method: "POST" });
}

/** A picture, as the canvas or the person's file gives it. */
export async function putPersonaAvatar(id: string, picture: Blob): Promise<void> {
  await call(`${one(id)}/avatar`, { method: "PUT", headers: { "Content-Type": picture.type }, body: picture });
}

export async function removePersonaAvatar(id: string): Promise<void> {
  await call(`${one(id)}/avatar`, { method: "DELETE" });
}
