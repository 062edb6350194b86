import { card } from "./card";
import { chat } from "./chat";
import { chats } from "./chats";
import { common } from "./common";
import { diagnosis } from "./diagnosis";
import { gallery } from "./gallery";
import { settings } from "./settings";
import { welcome } from "./welcome";

export const en = { common, gallery, card, chat, chats, settings, diagnosis, welcome };

/** What every language has to say. */
export type Catalogue = typeof en;
