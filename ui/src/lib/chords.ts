/**
 * Which keys mean what. "Mod+k" are keys held together; "Mod" is Ctrl, or ⌘ where there is one. "g c" are keys pressed one
 * after the other, within a second. Several of them are alternatives.
 */
export interface Pressed {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

const PATIENCE_MS = 1000;

/** A printable key is what it prints, whatever was held to print it: "?" is Shift and another key on most keyboards. */
const isPrinted = (key: string): boolean => [...key].length === 1;

export function matches(chord: string, pressed: Pressed): boolean {
  const parts = chord.split("+");
  const key = parts.pop() || "+";
  if (key.toLowerCase() !== pressed.key.toLowerCase()) return false;
  if (parts.includes("Mod") !== (pressed.ctrlKey || pressed.metaKey)) return false;
  if (parts.includes("Alt") !== pressed.altKey) return false;
  return isPrinted(key) || parts.includes("Shift") === pressed.shiftKey;
}

/** Whether it may be pressed while something is being written: only what writes nothing. */
export const worksWhileWriting = (keys: readonly string[]): boolean => keys.every((one) => one.startsWith("Mod+"));

/** Follows what is pressed, so that "g" and then "c" are one wish. */
export class Keys {
  #before: Pressed[] = [];
  #at_ms = 0;

  /** The first of the wishes whose keys have now been pressed, or null. */
  press<T extends { readonly keys: readonly string[] }>(pressed: Pressed, wishes: readonly T[], now_ms: number): T | null {
    if (["Shift", "Control", "Alt", "Meta"].includes(pressed.key)) return null;
    if (now_ms - this.#at_ms > PATIENCE_MS) this.#before = [];
    this.#at_ms = now_ms;
    this.#before = [...this.#before, pressed].slice(-4);
    const found = wishes.find(({ keys }) => keys.some((one) => this.#pressed(one.split(" "))));
    if (!found) return null;
    this.#before = [];
    return found;
  }

  #pressed(chords: readonly string[]): boolean {
    const last = this.#before.slice(-chords.length);
    return last.length === chords.length && chords.every((chord, i) => matches(chord, last[i]!));
  }
}
