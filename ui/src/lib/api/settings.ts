/** Settings and presets. */
import type { Preset, Settings, SettingValues } from "../wire";
import { body, json } from "./http";

/** What is to be changed; null goes back to the default. */
export type SettingsChange = { readonly [K in keyof SettingValues]?: SettingValues[K] | null };

export const getSettings = (): Promise<Settings> => json("/api/v1/settings");

export const changeSettings = (change: SettingsChange): Promise<Settings> =>
  json("/api/v1/settings", body("PATCH", change));

export const getPresets = async (): Promise<readonly Preset[]> => {
  const answer = await json<readonly Preset[] | { presets: readonly Preset[] }>("/api/v1/presets");
  return "presets" in answer ? answer.presets : answer;
};
