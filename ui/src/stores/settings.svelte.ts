/**
 * The settings that the server keeps. A change is shown at once and kept as soon as the server has it, also when that
 * takes several tries; changes made meanwhile go together with the next one.
 */
import { changeSettings, getPresets, getSettings, type SettingsChange } from "../lib/api/settings";
import { asProblemError } from "../lib/problem";
import { persist, waitInBrowser } from "../lib/reconnect";
import type { Preset, Problem, Settings, SettingValues } from "../lib/wire";
import { Loading } from "./loading.svelte";

export type Setting = keyof SettingValues;

/** How long "Saved" stands, in seconds. */
const SAID_S = 3;

class SettingsStore {
  readonly known = new Loading<Settings>(getSettings);
  readonly presets = new Loading<readonly Preset[]>(getPresets);
  /** What was just kept. */
  saved = $state.raw<ReadonlySet<Setting>>(new Set());
  /** Why a change was refused. */
  refused = $state.raw<Partial<Record<Setting, Problem>>>({});
  /** Why a change is not kept yet; it is tried again. */
  trouble = $state.raw<Problem | null>(null);
  #wanted = $state.raw<SettingsChange>({});
  #sending = $state.raw<SettingsChange>({});
  #running = false;
  #forget: ReturnType<typeof setTimeout> | undefined;

  readonly values: SettingValues | null = $derived(this.known.value && this.#laidOver(this.known.value));
  readonly defaults: SettingValues | null = $derived(this.known.value?.defaults ?? null);

  start(): () => void {
    const stops = [this.known.start(), this.presets.start()];
    return () => stops.forEach((stop) => stop());
  }

  isDefault(setting: Setting): boolean {
    return this.values === null || this.values[setting] === this.defaults![setting];
  }

  isSaving(setting: Setting): boolean {
    return setting in this.#wanted || setting in this.#sending;
  }

  change(change: SettingsChange): void {
    this.#wanted = { ...this.#wanted, ...change };
    const refused = { ...this.refused };
    for (const setting of Object.keys(change) as Setting[]) delete refused[setting];
    this.refused = refused;
    if (!this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (Object.keys(this.#wanted).length > 0) {
      const change = (this.#sending = this.#wanted);
      this.#wanted = {};
      try {
        const settings = await persist(() => changeSettings(change), {
          signal: new AbortController().signal,
          wait: waitInBrowser,
          onFailure: (error) => (this.trouble = error.problem),
        });
        this.known.value = settings;
        this.#say(Object.keys(change) as Setting[]);
      } catch (thrown) {
        const { problem } = asProblemError(thrown);
        this.refused = { ...this.refused, ...Object.fromEntries(Object.keys(change).map((setting) => [setting, problem])) };
      }
      this.trouble = null;
      this.#sending = {};
    }
    this.#running = false;
  }

  #say(settings: readonly Setting[]): void {
    this.saved = new Set(settings);
    clearTimeout(this.#forget);
    this.#forget = setTimeout(() => (this.saved = new Set()), SAID_S * 1000);
  }

  /** The values with what is on its way: null means the default. */
  #laidOver({ values, defaults }: Settings): SettingValues {
    const over = { ...this.#sending, ...this.#wanted };
    const all = { ...values, ...over } as Record<Setting, unknown>;
    for (const setting of Object.keys(over) as Setting[]) if (all[setting] === null) all[setting] = defaults[setting];
    return all as unknown as SettingValues;
  }
}

export const settings = new SettingsStore();
