import type { Catalogue } from "../en";
import { chat } from "./chat";
import { common } from "./common";
import { gallery } from "./gallery";
import { settings } from "./settings";

export const de: Catalogue = { common, gallery, chat, settings };
