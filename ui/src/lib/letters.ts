/** Messages that were written and are not known to be durable yet. Pure. */
import type { Problem } from "./wire";

export interface Letter {
  readonly chatId: string;
  readonly messageId: string;
  readonly parentId: string | null;
  readonly text: string;
  /** ISO 8601, UTC, by the clock of this browser. */
  readonly writtenAt: string;
  /** Not to be sent before it is released. */
  readonly held: boolean;
  /** The reply that a held letter waits for, or the letter before it; null where nobody noted it. */
  readonly behind: string | null;
  /** Somebody is changing what it says: it does not go meanwhile. */
  readonly paused: boolean;
  /** How often it was tried in vain. */
  readonly tries: number;
  /** Not to be tried again before this instant, in Unix milliseconds; 0 for at once. */
  readonly notBefore: number;
  /** Why the last try failed. */
  readonly trouble: Problem | null;
  /** The server will never take it, for the reason in `trouble`. */
  readonly refused: boolean;
}

/** How the server says that it has another content under that id: the letter as it was before it was changed. */
export const CONFLICT = "conflict";

/** A letter as it is when it was just written. */
export type Fresh = Pick<Letter, "chatId" | "messageId" | "parentId" | "text" | "writtenAt" | "held" | "behind">;

export const written = (fresh: Fresh): Letter => ({ ...fresh, paused: false, tries: 0, notBefore: 0, trouble: null, refused: false });

/** What it says is another thing now: it has not been tried yet. */
export const rewritten = (letter: Letter, text: string): Letter => ({
  ...letter,
  text,
  paused: false,
  refused: false,
  trouble: letter.refused ? null : letter.trouble,
});

export const inOrder = (letters: readonly Letter[]): readonly Letter[] =>
  [...letters].sort((a, b) => a.writtenAt.localeCompare(b.writtenAt));

/**
 * Those that may go at some time without anybody doing anything, oldest first: of several behind one message the first. What
 * belongs to another branch, or has arrived and is only not known to have, keeps nothing back.
 */
export function sendable(letters: readonly Letter[]): readonly Letter[] {
  const seen = new Set<string>();
  return inOrder(letters).filter((letter) => {
    const place = `${letter.chatId}/${letter.parentId}`;
    if (letter.held || seen.has(place)) return false;
    seen.add(place);
    return !letter.paused && !letter.refused;
  });
}

const PREFIX = "perdure.outbox.";

/** Letters that an earlier version of the app left in `localStorage`, each with the key under which it lies. */
export function formerLetters(storage: Storage): readonly (readonly [string, Letter])[] {
  return Object.keys(storage)
    .filter((key) => key.startsWith(PREFIX))
    .flatMap((key) => {
      const letter = parsed(storage.getItem(key));
      return letter === null ? [] : [[key, letter] as const];
    });
}

function parsed(value: string | null): Letter | null {
  try {
    const letter = JSON.parse(value ?? "null") as Partial<Letter> | null;
    if (typeof letter?.chatId !== "string" || typeof letter.messageId !== "string" || typeof letter.text !== "string") return null;
    return written({
      chatId: letter.chatId,
      messageId: letter.messageId,
      text: letter.text,
      parentId: letter.parentId ?? null,
      writtenAt: letter.writtenAt ?? "",
      held: letter.held === true,
      behind: letter.behind ?? null,
    });
  } catch {
    return null;
  }
}
