/** Which preset the values are, when nobody has said so. */
import type { Preset, SettingValues } from "../../lib/wire";

export function presetOf(values: SettingValues, presets: readonly Preset[]): string | null {
  if (values.preset !== null && presets.some((preset) => preset.id === values.preset)) return values.preset;
  const same = presets.find((preset) =>
    (Object.keys(preset.values) as (keyof SettingValues)[]).every((name) => preset.values[name] === values[name]),
  );
  return same?.id ?? null;
}
