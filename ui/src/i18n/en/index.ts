import { chat } from "./chat";
import { common } from "./common";
import { gallery } from "./gallery";
import { settings } from "./settings";

export const en = { common, gallery, chat, settings };

/** What every language has to say. */
export type Catalogue = typeof en;
