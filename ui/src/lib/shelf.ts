/** Where letters lie until they are sent: in this browser's storage, each under its own key. */
export interface Letter {
  readonly chatId: string;
  readonly messageId: string;
  readonly parentId: string | null;
  readonly text: string;
  /** ISO 8601, UTC, by the clock of this browser. */
  readonly writtenAt: string;
  /** Not to be sent before `release`. */
  readonly held: boolean;
  /** The reply that a held letter waits for, or the letter before it; null where nobody noted it. */
  readonly behind: string | null;
}

const PREFIX = "perdure.outbox.";

/** The part of `Storage` that is used. It may throw (private windows, full disks): then memory alone has to do. */
export interface Shelf {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** Merely naming `localStorage` may throw, hence a function. */
export type OpenShelf = () => Shelf;

/** @throws whatever the storage does */
export function put(open: OpenShelf, letter: Letter): void {
  open().setItem(PREFIX + letter.messageId, JSON.stringify(letter));
}

/** As it lies there now; null where it does not. @throws whatever the storage does */
export function take(open: OpenShelf, messageId: string): Letter | null {
  return parsed(open().getItem(PREFIX + messageId));
}

export function remove(open: OpenShelf, messageId: string): void {
  quietly(() => open().removeItem(PREFIX + messageId));
}

/** All of them, in the order in which they were written. */
export function letters(open: OpenShelf): Letter[] {
  const found: Letter[] = [];
  quietly(() => {
    const shelf = open();
    for (let i = 0; i < shelf.length; i += 1) {
      const key = shelf.key(i);
      if (!key?.startsWith(PREFIX)) continue;
      const letter = parsed(shelf.getItem(key));
      if (letter) found.push(letter);
    }
  });
  return found.sort((a, b) => a.writtenAt.localeCompare(b.writtenAt));
}

function parsed(value: string | null): Letter | null {
  try {
    const letter = JSON.parse(value ?? "null") as Partial<Letter> | null;
    if (typeof letter?.chatId !== "string" || typeof letter.messageId !== "string") return null;
    if (typeof letter.text !== "string") return null;
    return {
      chatId: letter.chatId,
      messageId: letter.messageId,
      text: letter.text,
      parentId: letter.parentId ?? null,
      writtenAt: letter.writtenAt ?? "",
      held: letter.held === true,
      behind: letter.behind ?? null,
    };
  } catch {
    return null;
  }
}

function quietly(action: () => void): void {
  try {
    action();
  } catch {
    // Storage is a convenience here: the letter is also in memory and on its way.
  }
}
