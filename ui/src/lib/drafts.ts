/** What is being written in each chat, kept while the tab lives, so that leaving a page or reloading loses nothing. */
const PREFIX = "perdure.draft.";

export function readDraft(chatId: string): string {
  try {
    return sessionStorage.getItem(PREFIX + chatId) ?? "";
  } catch {
    return "";
  }
}

export function writeDraft(chatId: string, text: string): void {
  try {
    if (text === "") sessionStorage.removeItem(PREFIX + chatId);
    else sessionStorage.setItem(PREFIX + chatId, text);
  } catch {
    // Without storage the draft lives as long as its page.
  }
}
