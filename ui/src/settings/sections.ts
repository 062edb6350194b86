/** The sections of the settings, in the order in which they are shown. */
import Cpu from "@lucide/svelte/icons/cpu";
import HardDrive from "@lucide/svelte/icons/hard-drive";
import Keyboard from "@lucide/svelte/icons/keyboard";
import Palette from "@lucide/svelte/icons/palette";
import SlidersHorizontal from "@lucide/svelte/icons/sliders-horizontal";
import UserRound from "@lucide/svelte/icons/user-round";
import type { Component } from "svelte";
import type { Catalogue } from "../i18n/en";

export type SectionName = keyof Catalogue["settings"]["sections"];

export interface Section {
  readonly name: SectionName;
  readonly icon: Component;
}

export const SECTIONS: readonly Section[] = [
  { name: "models", icon: Cpu },
  { name: "replies", icon: SlidersHorizontal },
  { name: "persona", icon: UserRound },
  { name: "appearance", icon: Palette },
  { name: "keyboard", icon: Keyboard },
  { name: "data", icon: HardDrive },
];

export const settingsPath = (name: SectionName): string => `/settings/${name}`;
