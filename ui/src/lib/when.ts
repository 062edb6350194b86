/** Instants in words. `now_ms` is an argument, so that the words can be tested. */
import { daysBetween } from "./days";

const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** "5 minutes ago" for the last week, a date before that; "" for what is no instant. */
export function agoInWords(iso: string, now_ms: number, locale?: string): string {
  const at_ms = Date.parse(iso);
  if (Number.isNaN(at_ms)) return "";
  const age_s = Math.max(0, (now_ms - at_ms) / 1000);
  if (age_s >= 7 * 86_400) return new Intl.DateTimeFormat(locale, { dateStyle: "medium" }).format(at_ms);
  for (const [unit, unit_s] of UNITS) {
    if (age_s >= unit_s) {
      return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(-Math.floor(age_s / unit_s), unit);
    }
  }
  return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(0, "second");
}

const SPANS: readonly [unit: string, unit_s: number, below_s: number][] = [
  ["second", 1, 90],
  ["minute", 60, 5_400],
  ["hour", 3_600, 172_800],
  ["day", 86_400, Infinity],
];

/** A length of time in the unit that fits it: "40 sec", "2 min". */
export function spanInWords(seconds: number, locale?: string): string {
  const [unit, unit_s] = SPANS.find(([, , below_s]) => seconds < below_s) ?? ["day", 86_400];
  const count = Math.max(seconds < 0.5 ? 0 : 1, Math.round(seconds / unit_s));
  return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "short" }).format(count);
}

/** The hour and minute of an instant, with the date where it was not today; "" for what is no instant. */
export function clockTime(iso: string, now_ms: number, locale?: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "";
  const today = at.toDateString() === new Date(now_ms).toDateString();
  return new Intl.DateTimeFormat(locale, { ...(today ? {} : { dateStyle: "medium" }), timeStyle: "short" }).format(at);
}

/** Which day of the calendar an instant falls on, where the reader is; "" for what is no instant. */
export function dayOf(iso: string): string {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? "" : `${at.getFullYear()}-${at.getMonth() + 1}-${at.getDate()}`;
}

/** "Today", "Yesterday", "Monday, 3 March"; with the year where it is another one. */
export function dayInWords(iso: string, now_ms: number, locale?: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "";
  const days = daysBetween(now_ms, at.getTime());
  if (days === 0 || days === -1) {
    const word = new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(days, "day");
    return word.charAt(0).toLocaleUpperCase(locale) + word.slice(1);
  }
  const year = at.getFullYear() === new Date(now_ms).getFullYear() ? {} : ({ year: "numeric" } as const);
  return new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long", ...year }).format(at);
}
