/**
 * Characters that are being written, kept in this browser until they are saved: a reload or a closed tab loses nothing.
 * The new character's id is kept with it, so that saving it twice makes one character (promise 7).
 */
import { parsedForm, type CardForm } from "./cardForm";

export interface CardDraft {
  /** The id that the character has or will have. */
  readonly id: string;
  readonly form: CardForm;
  /** A picture that was chosen, as a data URL; null takes it away; undefined leaves it as it is. */
  readonly picture?: string | null;
}

const PREFIX = "perdure.card.";

/** `key` is the character's id, or "new". */
export function readCardDraft(key: string): CardDraft | null {
  try {
    const kept = JSON.parse(localStorage.getItem(PREFIX + key) ?? "null") as Record<string, unknown> | null;
    const form = parsedForm(kept?.["form"]);
    if (!kept || !form || typeof kept["id"] !== "string") return null;
    const picture = kept["picture"];
    const known = picture === null || (typeof picture === "string" && picture.startsWith("data:image/"));
    return { id: kept["id"], form, ...(known ? { picture: picture as string | null } : {}) };
  } catch {
    return null;
  }
}

/** Whether it is kept: storage may be full or forbidden. */
export function writeCardDraft(key: string, draft: CardDraft): boolean {
  try {
    localStorage.setItem(PREFIX + key, JSON.stringify(draft));
    return true;
  } catch {
    return false;
  }
}

export function dropCardDraft(key: string): void {
  try {
    localStorage.removeItem(PREFIX + key);
  } catch {
    // Nothing was kept.
  }
}
