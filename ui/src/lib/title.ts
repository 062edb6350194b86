import type { Chat } from "./wire";

/** What a chat is called: by the person, or after who is in it. "" while it is not known. */
export function chatTitle(chat: Chat | null): string {
  return chat?.title || (chat?.characters ?? []).map(({ name }) => name).join(", ");
}

/** What is worth a mark before a chat's name in the browser's tab. */
export interface Marks {
  readonly replying: boolean;
  /** A reply came while nobody looked. */
  readonly waiting: boolean;
  /** Something waits to be sent. */
  readonly unsent: boolean;
}

/** What the browser's tab says of a chat: the mark that matters most, until somebody looks or it is over. */
export function tabTitle(name: string, { replying, waiting, unsent }: Marks): string {
  return `${waiting ? "● " : replying ? "… " : unsent ? "◷ " : ""}${name}`;
}
