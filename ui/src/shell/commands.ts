/** Everything that the palette offers: pages, what the open page can do, characters, chats, settings. */
import Info from "@lucide/svelte/icons/info";
import Keyboard from "@lucide/svelte/icons/keyboard";
import MessageCircle from "@lucide/svelte/icons/message-circle";
import Moon from "@lucide/svelte/icons/moon";
import Plus from "@lucide/svelte/icons/plus";
import Server from "@lucide/svelte/icons/server";
import Stethoscope from "@lucide/svelte/icons/stethoscope";
import Sun from "@lucide/svelte/icons/sun";
import SunMoon from "@lucide/svelte/icons/sun-moon";
import type { Component } from "svelte";
import type { Catalogue } from "../i18n/en";
import { characterPath, chatPath } from "../lib/routes";
import type { Character, Chat } from "../lib/wire";
import { SECTIONS, settingsPath } from "../settings/sections";
import type { Action } from "../stores/actions.svelte";
import { appearance } from "../stores/appearance.svelte";
import { overlay } from "../stores/overlay.svelte";
import { PLACES } from "./places";

export type CommandGroup = keyof Catalogue["common"]["palette"]["groups"];

export interface Command {
  readonly id: string;
  readonly group: CommandGroup;
  readonly label: string;
  readonly icon?: Component;
  /** A face instead of an icon. */
  readonly face?: { readonly name: string; readonly url: string | null };
  readonly keys?: readonly string[];
  /** Found when it is sought, and not offered before. */
  readonly onlySought?: boolean;
  /** Where it leads, or what it does. */
  readonly path?: string;
  readonly run?: () => void;
}

export interface Known {
  readonly actions: readonly Action[];
  readonly characters: readonly Character[];
  readonly chats: readonly Chat[];
  readonly chatWith: (characterId: string) => void;
}

export function commandsOf(t: Catalogue, known: Known): Command[] {
  const words = t.common.palette;
  const keysTo: Readonly<Record<string, readonly string[]>> = { characters: ["g c"], chats: ["g t"], settings: ["g s"] };
  const faces = new Map(known.characters.map((character) => [character.id, character.avatar_url]));
  return [
    ...known.actions
      .filter(({ disabled }) => !disabled)
      .map(({ label, icon, onChoose }, at) => ({ id: `action-${at}`, group: "actions" as const, label, ...(icon && { icon }), run: onChoose })),
    ...PLACES.map((place) => ({
      id: `page-${place.name}`,
      group: "pages" as const,
      label: t.common[place.name],
      icon: place.icon,
      path: place.path,
      keys: keysTo[place.name]!,
    })),
    { id: "new-character", group: "pages", label: words.newCharacter, icon: Plus, path: "/characters/new" },
    { id: "shortcuts", group: "pages", label: t.common.shortcuts, icon: Keyboard, keys: ["?"], run: () => (overlay.open = "shortcuts") },
    { id: "operator", group: "pages", label: t.common.operator, icon: Server, path: "/operator", onlySought: true },
    { id: "diagnosis", group: "pages", label: t.diagnosis.title, icon: Stethoscope, onlySought: true, run: () => (overlay.open = "diagnosis") },
    ...known.chats.map((chat) => ({
      id: `chat-${chat.id}`,
      group: "chats" as const,
      label: chat.title || t.settings.data.untitled,
      face: { name: chat.title, url: faces.get(chat.character_ids[0] ?? "") ?? null },
      path: chatPath(chat.id),
    })),
    ...known.characters.flatMap((character): Command[] => [
      {
        id: `with-${character.id}`,
        group: "characters",
        label: words.chatWith(character.name),
        icon: MessageCircle,
        face: { name: character.name, url: character.avatar_url },
        run: () => known.chatWith(character.id),
      },
      { id: `about-${character.id}`, group: "characters", label: words.about(character.name), icon: Info, path: characterPath(character.id), onlySought: true },
    ]),
    ...SECTIONS.map((section) => ({
      id: `settings-${section.name}`,
      group: "settings" as const,
      label: t.settings.sections[section.name],
      icon: section.icon,
      path: settingsPath(section.name),
    })),
    ...([["light", words.lightTheme, Sun], ["dark", words.darkTheme, Moon], ["system", words.systemTheme, SunMoon]] as const).map(
      ([theme, label, icon]) => ({
        id: `theme-${theme}`,
        group: "settings" as const,
        label,
        icon,
        run: () => appearance.choose("theme", theme),
      }),
    ),
  ];
}

/** How many of each group are shown before anything is sought. */
const AT_FIRST = 9;

/** The beginning of each group, in the order of the catalogue. */
export function atFirst(commands: readonly Command[], groups: readonly CommandGroup[]): Command[] {
  return groups.flatMap((group) => commands.filter((command) => command.group === group && !command.onlySought).slice(0, AT_FIRST));
}
