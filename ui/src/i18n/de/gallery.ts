import type { Catalogue } from "../en";

export const gallery: Catalogue["gallery"] = {};
