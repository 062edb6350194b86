import type { Catalogue } from "../en";

export const chat: Catalogue["chat"] = {};
