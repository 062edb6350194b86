import type { Chat } from "./wire";

/** What a chat is called: by the person, or after who is in it. "" while it is not known. */
export function chatTitle(chat: Chat | null): string {
  return chat?.title || (chat?.characters ?? []).map(({ name }) => name).join(", ");
}

/** What the browser's tab says of a chat. A reply that came while nobody looked is marked until somebody looks. */
export function tabTitle(name: string, replying: boolean, waiting: boolean): string {
  return `${waiting ? "● " : replying ? "… " : ""}${name}`;
}
