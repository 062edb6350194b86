/** Which day something was on, for lists that are grouped by it. Days are those of the given time zone's calendar. */
export type Span =
  | { readonly kind: "today" | "yesterday" | "week" }
  | { readonly kind: "month"; readonly label: string };

export interface Group<T> {
  readonly key: string;
  readonly span: Span;
  readonly items: readonly T[];
}

/** The items, which are in order, in groups that follow one another. An item without an instant stays in the group before. */
export function groupedByDay<T>(
  items: readonly T[],
  instant: (item: T) => string,
  now_ms: number,
  locale?: string,
): Group<T>[] {
  const groups: { key: string; span: Span; items: T[] }[] = [];
  for (const item of items) {
    const at_ms = Date.parse(instant(item));
    const span = Number.isNaN(at_ms) ? (groups.at(-1)?.span ?? { kind: "today" }) : spanOf(at_ms, now_ms, locale);
    const key = span.kind === "month" ? span.label : span.kind;
    const last = groups.at(-1);
    if (last?.key === key) last.items.push(item);
    else groups.push({ key, span, items: [item] });
  }
  return groups;
}

/** Today also for what a fast clock has put into the future. */
export function spanOf(at_ms: number, now_ms: number, locale?: string): Span {
  const age_days = daysBetween(at_ms, now_ms);
  if (age_days <= 0) return { kind: "today" };
  if (age_days === 1) return { kind: "yesterday" };
  if (age_days < 7) return { kind: "week" };
  const at = new Date(at_ms);
  const sameYear = at.getFullYear() === new Date(now_ms).getFullYear();
  const options: Intl.DateTimeFormatOptions = sameYear ? { month: "long" } : { month: "long", year: "numeric" };
  return { kind: "month", label: new Intl.DateTimeFormat(locale, options).format(at) };
}

/** The time of day for today and yesterday, the day of the week for the last week, a date before that. */
export function shortWhen(iso: string, now_ms: number, locale?: string): string {
  const at_ms = Date.parse(iso);
  if (Number.isNaN(at_ms)) return "";
  const { kind } = spanOf(at_ms, now_ms, locale);
  if (kind === "today" || kind === "yesterday") return new Intl.DateTimeFormat(locale, { timeStyle: "short" }).format(at_ms);
  if (kind === "week") return new Intl.DateTimeFormat(locale, { weekday: "short" }).format(at_ms);
  return new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" }).format(at_ms);
}

/** Midnights between the two, by the calendar: a day with a changed clock has 23 or 25 hours. */
export function daysBetween(from_ms: number, to_ms: number): number {
  const day = (at_ms: number): number => {
    const at = new Date(at_ms);
    return Date.UTC(at.getFullYear(), at.getMonth(), at.getDate()) / 86_400_000;
  };
  return day(to_ms) - day(from_ms);
}
