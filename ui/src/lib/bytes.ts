/** Sizes in words: "3.4 MB". */
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

export function inBytes(bytes: number, locale: string): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const style = { style: "unit", unit: UNITS[unit]!, maximumFractionDigits: value < 10 && unit > 0 ? 1 : 0 } as const;
  return new Intl.NumberFormat(locale, style).format(value);
}
