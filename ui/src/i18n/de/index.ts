import type { Catalogue } from "../en";
import { card } from "./card";
import { chat } from "./chat";
import { chats } from "./chats";
import { common } from "./common";
import { diagnosis } from "./diagnosis";
import { gallery } from "./gallery";
import { settings } from "./settings";
import { welcome } from "./welcome";

export const de: Catalogue = { common, gallery, card, chat, chats, settings, diagnosis, welcome };
