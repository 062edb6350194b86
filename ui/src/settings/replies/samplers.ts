/** What can be set about a reply: within which bounds, in which steps, and which value stands for "off". */
import type { Setting } from "../../stores/settings.svelte";

export type SamplerName = Extract<
  Setting,
  "temperature" | "top_p" | "top_k" | "min_p" | "repeat_penalty" | "max_tokens" | "context_size"
>;

export interface Sampler {
  readonly name: SamplerName;
  /** Of the slider. The field takes what the server takes. */
  readonly min: number;
  readonly max: number;
  readonly step: number;
  /** What the server takes at most and at least. */
  readonly least: number;
  readonly most: number;
  /** The value that changes nothing; null where there is none. */
  readonly off: number | null;
  readonly unit?: "tokens";
}

export const MANNER: readonly Sampler[] = [
  { name: "temperature", min: 0, max: 2, step: 0.05, least: 0, most: 5, off: null },
  { name: "top_p", min: 0.05, max: 1, step: 0.01, least: 0.01, most: 1, off: 1 },
  { name: "top_k", min: 0, max: 200, step: 1, least: 0, most: 1_000_000, off: 0 },
  { name: "min_p", min: 0, max: 0.5, step: 0.01, least: 0, most: 1, off: 0 },
  { name: "repeat_penalty", min: 1, max: 1.5, step: 0.01, least: 0.01, most: 10, off: 1 },
];

export const LENGTH: readonly Sampler[] = [
  { name: "max_tokens", min: 50, max: 2000, step: 50, least: 1, most: 1_000_000, off: null, unit: "tokens" },
  { name: "context_size", min: 1024, max: 32_768, step: 1024, least: 512, most: 10_000_000, off: null, unit: "tokens" },
];

/** The number that somebody wrote, within what the server takes; null where it is none. */
export function numberWithin(text: string, sampler: Pick<Sampler, "least" | "most" | "step">): number | null {
  const value = Number(text.replace(",", "."));
  if (text.trim() === "" || !Number.isFinite(value)) return null;
  const whole = Number.isInteger(sampler.step) ? Math.round(value) : Math.round(value * 1000) / 1000;
  return Math.min(sampler.most, Math.max(sampler.least, whole));
}
