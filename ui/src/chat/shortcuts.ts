/** The keys that the chat page listens to, for whoever lists them. What each does is in the catalogues (`chat.shortcuts`). */
import type { Catalogue } from "../i18n/en";

export interface Shortcut {
  /** As `KeyboardEvent.key` names them; several keys are alternatives, "+" joins those that are pressed together. */
  readonly keys: readonly string[];
  readonly does: keyof Catalogue["chat"]["shortcuts"];
}

export const CHAT_SHORTCUTS: readonly Shortcut[] = [
  { keys: ["Enter"], does: "send" },
  { keys: ["Shift+Enter"], does: "breakLine" },
  { keys: ["ArrowLeft"], does: "previous" },
  { keys: ["ArrowRight"], does: "next" },
  { keys: ["ArrowUp"], does: "editLast" },
  { keys: ["Escape"], does: "leave" },
  { keys: ["PageUp", "PageDown"], does: "scroll" },
  { keys: ["Home", "End"], does: "ends" },
];

/** Which way an arrow leads among the versions of a reply; null for any other key. Mirrored where one reads from the right. */
export function swipeOf(event: KeyboardEvent, rtl: boolean): -1 | 1 | null {
  if (event.shiftKey || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return null;
  if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return null;
  return (event.key === "ArrowLeft") === rtl ? 1 : -1;
}
