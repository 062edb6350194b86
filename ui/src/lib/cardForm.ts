/** A character as it is edited: plain fields, what of them has changed, and what is wrong with them. */
import type { Character, Problem } from "./wire";

export const TEXT_FIELDS = [
  "name", "description", "personality", "scenario", "first_mes", "mes_example",
  "system_prompt", "post_history_instructions", "creator_notes", "creator", "character_version",
] as const; // prettier-ignore
export const LIST_FIELDS = ["alternate_greetings", "tags"] as const;
export type TextField = (typeof TEXT_FIELDS)[number];
export type ListField = (typeof LIST_FIELDS)[number];
export type FieldName = TextField | ListField;

export type CardForm = Record<TextField, string> & Record<ListField, string[]>;

export const MAX_NAME = 200;

export const emptyForm = (): CardForm => ({
  ...(Object.fromEntries(TEXT_FIELDS.map((field) => [field, ""])) as Record<TextField, string>),
  alternate_greetings: [],
  tags: [],
});

export const formOf = (character: Character): CardForm => ({
  ...(Object.fromEntries(TEXT_FIELDS.map((field) => [field, character[field] ?? ""])) as Record<TextField, string>),
  alternate_greetings: [...character.alternate_greetings],
  tags: [...character.tags],
});

/** What has to be sent so that `saved` becomes `form`. Greetings with nothing in them are left out. */
export function changesOf(form: CardForm, saved: CardForm): Partial<CardForm> {
  const changes: Partial<CardForm> = {};
  for (const field of TEXT_FIELDS) if (form[field] !== saved[field]) changes[field] = form[field];
  for (const field of LIST_FIELDS) {
    const kept = form[field].filter((one) => one.trim() !== "");
    if (JSON.stringify(kept) !== JSON.stringify(saved[field])) changes[field] = kept;
  }
  return changes;
}

export const isChanged = (form: CardForm, saved: CardForm): boolean => Object.keys(changesOf(form, saved)).length > 0;

/** The fields that cannot be saved as they are, each with what is wrong. */
export function mistakesIn(form: CardForm): Partial<Record<FieldName, "empty" | "long">> {
  if (form.name.trim() === "") return { name: "empty" };
  // The server counts code points.
  return [...form.name].length > MAX_NAME ? { name: "long" } : {};
}

/** The field that a refusal is about ("name: …", "tags.0: …"), and the words about it; null where it names none. */
export function refusedField(problem: Problem): { readonly field: FieldName; readonly text: string } | null {
  const match = /^([a-z_]+)(?:\.\d+)?: (.+)$/s.exec(problem.detail ?? "");
  const field = [...TEXT_FIELDS, ...LIST_FIELDS].find((one) => one === match?.[1]);
  return match && field ? { field, text: match[2]! } : null;
}

/** Tags out of what was typed or pasted: parted by commas, each once. */
export function withTags(tags: readonly string[], typed: string): string[] {
  const added = typed.split(/[,;\n]/).map((tag) => tag.trim().replace(/^#/, "")).filter(Boolean);
  return [...new Set([...tags, ...added])];
}

/** The list with the item at `from` at the place `to`. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const rest = list.filter((_, at) => at !== from);
  return [...rest.slice(0, to), list[from]!, ...rest.slice(to)];
}

/** A form out of storage; null for what is none. */
export function parsedForm(value: unknown): CardForm | null {
  if (typeof value !== "object" || value === null) return null;
  const given = value as Record<string, unknown>;
  const form = emptyForm();
  for (const field of TEXT_FIELDS) if (typeof given[field] === "string") form[field] = given[field];
  for (const field of LIST_FIELDS) {
    if (Array.isArray(given[field])) form[field] = given[field].filter((one) => typeof one === "string");
  }
  return form;
}
