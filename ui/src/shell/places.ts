/** The places that can be gone to from everywhere. */
import MessagesSquare from "@lucide/svelte/icons/messages-square";
import Settings from "@lucide/svelte/icons/settings";
import Users from "@lucide/svelte/icons/users";
import type { Component } from "svelte";
import type { Route } from "../lib/routes";

export interface Place {
  readonly name: "characters" | "chats" | "settings";
  readonly path: string;
  readonly icon: Component;
  readonly pages: readonly Route["page"][];
}

export const PLACES: readonly Place[] = [
  { name: "characters", path: "/", icon: Users, pages: ["gallery", "character", "edit-character"] },
  { name: "chats", path: "/chats", icon: MessagesSquare, pages: ["chats", "chat"] },
  { name: "settings", path: "/settings", icon: Settings, pages: ["settings"] },
];
