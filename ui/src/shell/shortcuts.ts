/** Every key that means something: what works everywhere stands here, what a page adds is offered by the page. */
import { CHAT_SHORTCUTS } from "../chat/shortcuts";
import type { Catalogue } from "../i18n/en";
import { overlay } from "../stores/overlay.svelte";
import { router } from "../stores/router.svelte";

export interface Shortcut {
  /** As `KeyboardEvent.key` names them: alternatives; "+" joins what is held together, " " what is pressed one after the other. */
  readonly keys: readonly string[];
  readonly label: (t: Catalogue) => string;
  /** What happens; nothing where the key is dealt with elsewhere, and is only told of. */
  readonly run?: () => void;
}

export interface ShortcutGroup {
  readonly title: (t: Catalogue) => string;
  readonly shortcuts: readonly Shortcut[];
}

export const EVERYWHERE: readonly Shortcut[] = [
  { keys: ["Mod+k"], label: (t) => t.settings.keyboard.palette, run: () => overlay.toggle("palette") },
  { keys: ["?"], label: (t) => t.settings.keyboard.shortcuts, run: () => overlay.toggle("shortcuts") },
  { keys: ["g c"], label: (t) => t.settings.keyboard.toCharacters, run: () => router.go("/") },
  { keys: ["g t"], label: (t) => t.settings.keyboard.toChats, run: () => router.go("/chats") },
  { keys: ["g s"], label: (t) => t.settings.keyboard.toSettings, run: () => router.go("/settings") },
];

/** What the chat page deals with itself. */
const CHAT: readonly Shortcut[] = CHAT_SHORTCUTS.map(({ keys, does }) => ({ keys, label: (t) => t.chat.shortcuts[does] }));

const LISTS: readonly Shortcut[] = [
  { keys: ["ArrowUp", "ArrowDown"], label: (t) => t.settings.keyboard.move },
  { keys: ["Enter"], label: (t) => t.settings.keyboard.choose },
  { keys: ["Escape"], label: (t) => t.settings.keyboard.close },
];

/** All of them, as they are shown. */
export const GROUPS: readonly ShortcutGroup[] = [
  { title: (t) => t.settings.keyboard.everywhere, shortcuts: EVERYWHERE },
  { title: (t) => t.settings.keyboard.inChat, shortcuts: CHAT },
  { title: (t) => t.settings.keyboard.inDialogs, shortcuts: LISTS },
];
