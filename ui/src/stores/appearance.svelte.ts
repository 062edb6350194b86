/** How pages look on this device. Kept here, in the browser: a telephone and a desk want different things. */
import { device } from "./device.svelte";

const CHOICES = {
  theme: ["system", "light", "dark"],
  prose: ["serif", "sans"],
  size: ["small", "normal", "large"],
  measure: ["narrow", "normal", "wide"],
} as const;

export type Trait = keyof typeof CHOICES;
export type Choice<T extends Trait> = (typeof CHOICES)[T][number];

const PREFIX = "perdure.appearance.";

/** The first choice of `theme` and `prose`, and the middle of the others, is what the style sheets say by themselves. */
const PLAIN: { readonly [T in Trait]: Choice<T> } = { theme: "system", prose: "serif", size: "normal", measure: "normal" };

class Appearance {
  #chosen = $state<{ [T in Trait]: Choice<T> }>({ ...PLAIN });

  constructor() {
    for (const trait of Object.keys(CHOICES) as Trait[]) {
      const stored = document.documentElement.dataset[trait];
      if (stored && isChoice(trait, stored)) Object.assign(this.#chosen, { [trait]: stored });
    }
  }

  get<T extends Trait>(trait: T): Choice<T> {
    return this.#chosen[trait];
  }

  choices<T extends Trait>(trait: T): readonly Choice<T>[] {
    return CHOICES[trait];
  }

  choose<T extends Trait>(trait: T, choice: Choice<T>): void {
    Object.assign(this.#chosen, { [trait]: choice });
    const plain = choice === PLAIN[trait];
    if (plain) delete document.documentElement.dataset[trait];
    else document.documentElement.dataset[trait] = choice;
    if (trait === "theme") paintBars();
    device.keep(PREFIX + trait, plain ? null : choice);
  }
}

export const appearance = new Appearance();

/** The browser's own bars go with the page, as in appearance.js. */
function paintBars(): void {
  const { theme } = document.documentElement.dataset;
  for (const meta of document.querySelectorAll<HTMLMetaElement>("meta[data-scheme]")) {
    const { scheme } = meta.dataset;
    meta.media = theme ? (theme === scheme ? "all" : "not all") : `(prefers-color-scheme: ${scheme})`;
  }
}

function isChoice<T extends Trait>(trait: T, value: string): value is Choice<T> {
  return (CHOICES[trait] as readonly string[]).includes(value);
}
