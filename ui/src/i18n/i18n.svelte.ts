/**
 * The texts of the pages, in the person's language. English is here from the start; any other catalogue is fetched when
 * it is wanted. A catalogue is a plain object: text, or a function where something is put into the text, so that the
 * compiler finds every place that a translation has left out.
 */
import { bring, reloadOnce } from "../lib/bring";
import { waitInBrowser } from "../lib/reconnect";
import { device } from "../stores/device.svelte";
import { en, type Catalogue } from "./en";

const CATALOGUES: Readonly<Record<string, () => Promise<Catalogue>>> = {
  en: async () => en,
  de: async () => (await import("./de")).de,
};

/** Every language by its own name. */
export const LANGUAGES: Readonly<Record<string, string>> = { en: "English", de: "Deutsch" };

const KEY = "perdure.language";

/** Those that are written from right to left. None has a catalogue yet; the pages are ready for one. */
const RIGHT_TO_LEFT: ReadonlySet<string> = new Set(["ar", "fa", "he", "ur"]);

class Language {
  /** What was chosen; null follows the browser. */
  chosen = $state<string | null>(stored());
  current = $state("en");
  texts = $state.raw<Catalogue>(en);
  /** The language whose texts cannot be had just now. They are still being asked for. */
  missing = $state<string | null>(null);
  #wish = new AbortController();
  /** The same language as the browser has it, such as "en-GB": dates and numbers are written in that manner. */
  readonly locale: string = $derived(manner(this.current, navigator.languages));

  /**
   * Brings the texts of the person's language; the latest wish counts. Resolves as soon as there is something to be read:
   * where the texts cannot be had at once, those that were there stay until they come.
   */
  async start(): Promise<void> {
    this.#wish.abort();
    const { signal } = (this.#wish = new AbortController());
    const wanted = this.chosen ?? spokenOf(navigator.languages);
    this.missing = null;
    await new Promise<void>((readable) => {
      const onFailure = (): void => {
        this.missing = wanted;
        readable();
      };
      void bring(CATALOGUES[wanted]!, { signal, wait: waitInBrowser, onFailure, reload: reloadOnce }).then((texts) => {
        if (texts && !signal.aborted) this.#speak(wanted, texts);
        readable();
      });
    });
  }

  choose(language: string | null): void {
    this.chosen = language;
    device.keep(KEY, language);
    void this.start();
  }

  #speak(language: string, texts: Catalogue): void {
    this.texts = texts;
    this.current = language;
    this.missing = null;
    document.documentElement.lang = language;
    document.documentElement.dir = RIGHT_TO_LEFT.has(language) ? "rtl" : "ltr";
  }
}

export const language = new Language();

/** The texts. Read where they are shown, so that they change with the language. */
export const t = (): Catalogue => language.texts;

export const inNumbers = (value: number, options?: Intl.NumberFormatOptions): string =>
  new Intl.NumberFormat(language.locale, options).format(value);

/** The browser's own variety of a language, or the language itself. */
export function manner(language: string, languages: readonly string[]): string {
  return languages.find((one) => one.toLowerCase().split("-")[0] === language) ?? language;
}

/** The first of the person's languages that there is a catalogue for. */
export function spokenOf(languages: readonly string[]): string {
  for (const one of languages) {
    const base = one.toLowerCase().split("-")[0]!;
    if (base in CATALOGUES) return base;
  }
  return "en";
}

function stored(): string | null {
  try {
    const language = localStorage.getItem(KEY);
    return language !== null && language in CATALOGUES ? language : null;
  } catch {
    return null;
  }
}
