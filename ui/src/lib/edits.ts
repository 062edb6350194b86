/**
 * Edits that are not finished: what is written in the place of a message, kept in this browser at every key until it is
 * saved or left. Each has its own key, so that neither two edits nor two tabs overwrite one another.
 */
const PREFIX = "perdure.edit.";

interface Edit {
  readonly chatId: string;
  readonly text: string;
}

/** What was written in the place of that message; null where nothing was. */
export function keptEdit(messageId: string): string | null {
  return read(PREFIX + messageId)?.text ?? null;
}

export function keepEdit(messageId: string, edit: Edit): void {
  try {
    localStorage.setItem(PREFIX + messageId, JSON.stringify(edit));
  } catch {
    // Without storage an edit lives as long as its field.
  }
}

export function dropEdit(messageId: string): void {
  try {
    localStorage.removeItem(PREFIX + messageId);
  } catch {
    // Nothing was kept.
  }
}

/** The messages of a chat that are being edited. */
export function editsIn(chatId: string): readonly string[] {
  try {
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(PREFIX) && read(key)?.chatId === chatId)
      .map((key) => key.slice(PREFIX.length));
  } catch {
    return [];
  }
}

function read(key: string): Edit | null {
  try {
    const edit = JSON.parse(localStorage.getItem(key) ?? "null") as Partial<Edit> | null;
    return typeof edit?.chatId === "string" && typeof edit.text === "string" ? { chatId: edit.chatId, text: edit.text } : null;
  } catch {
    return null;
  }
}
