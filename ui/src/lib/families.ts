/**
 * Which messages stand beside one another: the children of each parent, oldest first. Pure: a change makes a new map.
 *
 * Snapshots and pages tell whole families; an event tells of one more child, of which alone it cannot be known whether
 * it is the first. Hidden children keep their place, so that an undone deletion puts them where they were.
 */
import type { Message } from "./wire";

export interface Family {
  readonly ids: readonly string[];
  /** Whether the server has told all of them, or the parent was born before our eyes. */
  readonly whole: boolean;
  /** Those that have come by events while it was not whole. */
  readonly since: readonly string[];
}

export type Families = ReadonlyMap<string, Family>;

/** The parent of those that have none. */
export const ROOT = "";

const UNKNOWN: Family = { ids: [], whole: false, since: [] };
const CHILDLESS: Family = { ids: [], whole: true, since: [] };

export const parentOf = (message: Message): string => message.parent_id ?? ROOT;

/** One more child, told by an event. */
export function born(families: Families, message: Message): Families {
  const parent = parentOf(message);
  const family = families.get(parent) ?? UNKNOWN;
  if (family.ids.includes(message.id) && families.has(message.id)) return families;
  const changed = new Map(families);
  if (!family.ids.includes(message.id)) {
    const since = family.whole ? family.since : [...family.since, message.id];
    changed.set(parent, { ...family, ids: [...family.ids, message.id], since });
  }
  // Whoever sees a message come knows that it has no children yet.
  if (!families.has(message.id)) changed.set(message.id, CHILDLESS);
  return changed;
}

/** A whole family, as a snapshot tells it: true at its place in the stream. */
export function told(families: Families, parent: string, ids: readonly string[]): Families {
  const known = families.get(parent);
  if (known?.whole && sameIds(known.ids, ids)) return families;
  return new Map(families).set(parent, { ids, whole: true, since: [] });
}

/** A family as a page tells it, which may be older than what events have told, or newer. */
export function heard(families: Families, parent: string, ids: readonly string[]): Families {
  const known = families.get(parent) ?? UNKNOWN;
  return told(families, parent, known.whole ? union(known.ids, ids) : union(ids, known.since));
}

/** Events may have been missed: what is known is shown on, and asked for again. */
export function doubted(families: Families): Families {
  return new Map([...families].map(([parent, { ids }]) => [parent, { ids, whole: false, since: [] }]));
}

const union = (one: readonly string[], other: readonly string[]): readonly string[] => [
  ...one,
  ...other.filter((id) => !one.includes(id)),
];

function sameIds(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((id, index) => id === other[index]);
}
