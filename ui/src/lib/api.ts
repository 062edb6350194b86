/** The HTTP contract as functions. Every failure is a ProblemError; a 401 waits for the access token and goes on. */
import { ProblemError, problemOf, unreachable } from "./problem";
import type { Character, Chat, Message, Sent, Status, Turn } from "./wire";

/** Resolves once the person has given the access token; set by the page that asks for it. */
let whenUnlocked: () => Promise<void> = () => Promise.reject(new ProblemError(unreachable));

export function onAccessTokenRequired(unlocked: () => Promise<void>): void {
  whenUnlocked = unlocked;
}

/** The answer to a request, once it is a 2xx one. */
export async function call(path: string, init: RequestInit = {}): Promise<Response> {
  for (;;) {
    let response: Response;
    try {
      response = await fetch(path, init);
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw new ProblemError(unreachable);
    }
    if (response.ok) return response;
    const problem = await problemOf(response);
    if (problem.code !== "access_token_required") throw new ProblemError(problem);
    await whenUnlocked();
  }
}

async function json<T>(path: string, init?: RequestInit): Promise<T> {
  const response = await call(path, init);
  try {
    return (await response.json()) as T;
  } catch {
    // The answer was cut off on its way: for the caller that is the same as no answer.
    throw new ProblemError(unreachable);
  }
}

function body(method: string, value: unknown): RequestInit {
  return { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) };
}

const chat = (id: string): string => `/api/v1/chats/${encodeURIComponent(id)}`;

export const getStatus = (): Promise<Status> => json("/api/v1/status");

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

export const getChats = async (): Promise<Chat[]> => (await json<{ chats: Chat[] }>("/api/v1/chats")).chats;

export const getChat = (id: string): Promise<Chat> => json(chat(id));

export const putChat = (id: string, characterId: string): Promise<unknown> =>
  json(chat(id), body("PUT", { character_ids: [characterId] }));

export async function hideChat(id: string): Promise<void> {
  await call(chat(id), { method: "DELETE" });
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

/** Exchanges the access token for a cookie. A wrong token is a ProblemError, never another question. */
export async function openSession(accessToken: string): Promise<void> {
  let response: Response;
  try {
    response = await fetch("/api/v1/session", body("POST", { access_token: accessToken }));
  } catch {
    throw new ProblemError(unreachable);
  }
  if (!response.ok) throw new ProblemError(await problemOf(response));
}
