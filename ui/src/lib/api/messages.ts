/** Messages, turns, the branch that is shown, and the events of a chat. */
import type { Chat, Message, MessagePage, Sent, Turn, Waiting } from "../wire";
import type { Letter } from "../letters";
import { ANSWER_MS, ask, body, call, json, read } from "./http";

const chat = (id: string): string => `/api/v1/chats/${encodeURIComponent(id)}`;
const message = (chatId: string, id: string): string => `${chat(chatId)}/messages/${encodeURIComponent(id)}`;

/** Which piece of the branch: what stands before or after a message, or on both sides of it; with none its end. */
export type Piece = { readonly before: string } | { readonly after: string } | { readonly around: string } | Record<string, never>;

export const getMessages = (id: string, piece: Piece, limit: number): Promise<MessagePage> =>
  json(`${chat(id)}/messages?${new URLSearchParams({ ...piece, limit: String(limit) })}`);

export const getMessage = (chatId: string, id: string): Promise<Message> => json(message(chatId, id));

export interface NewMessage {
  readonly text: string;
  readonly parent_id?: string;
  /** The message that this one is another version of. */
  readonly beside?: string;
  readonly reply?: boolean;
}

export const putMessage = (chatId: string, id: string, content: NewMessage): Promise<Sent> =>
  json(message(chatId, id), body("PUT", content));

/** The same for a letter, which lets another time come where the access token is asked for. */
export async function putLetter({ chatId, messageId, text, parentId }: Letter): Promise<Sent> {
  const content: NewMessage = parentId === null ? { text } : { text, parent_id: parentId };
  return read(await ask(message(chatId, messageId), { ...body("PUT", content), signal: AbortSignal.timeout(ANSWER_MS) }));
}

export const hideMessage = (chatId: string, id: string): Promise<Chat> => json(message(chatId, id), { method: "DELETE" });

export const restoreMessage = (chatId: string, id: string): Promise<Chat> =>
  json(`${message(chatId, id)}/restore`, { method: "POST" });

/** Shows the branch that ends at a message, or with `leaf` the one that goes through it to its newest end. */
export const putHead = (chatId: string, messageId: string, leaf: boolean): Promise<Chat> =>
  json(`${chat(chatId)}/head`, body("PUT", { message_id: messageId, leaf }));

export const putTurn = (
  chatId: string,
  turnId: string,
  kind: "reply" | "swipe" | "continue",
  parentId: string,
): Promise<unknown> =>
  json(`${chat(chatId)}/turns/${encodeURIComponent(turnId)}`, body("PUT", { kind, parent_id: parentId }));

export const getWait = (turnId: string): Promise<Waiting> => json(`/api/v1/turns/${encodeURIComponent(turnId)}/wait`);

export const stopTurn = (turnId: string): Promise<Turn> =>
  json(`/api/v1/turns/${encodeURIComponent(turnId)}/stop`, { method: "POST" });

/** Opens the event stream of a chat; `after` null asks for a snapshot. */
export const openEvents = (id: string, after: number | null, signal: AbortSignal): Promise<Response> =>
  call(`${chat(id)}/events${after === null ? "" : `?after=${after}`}`, {
    signal,
    cache: "no-store",
    headers: { Accept: "text/event-stream" },
  });
