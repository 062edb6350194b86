/** The texts of the operator's page, in the person's language. They come with that page: the first load is without them. */
import { operator as de } from "./de/operator";
import { operator as en } from "./en/operator";
import { language } from "./i18n.svelte";

export type OperatorWords = typeof en;

const CATALOGUES: Readonly<Record<string, OperatorWords>> = { en, de };

export const words = (): OperatorWords => CATALOGUES[language.current] ?? en;
