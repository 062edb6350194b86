/**
 * Offsets in the HTTP contract count Unicode code points; JavaScript strings count UTF-16 units. All arithmetic
 * between the two lives here.
 */

/** How many code points `text` has. */
export function codePointLength(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i += text.codePointAt(i)! > 0xffff ? 2 : 1) count += 1;
  return count;
}

/** `text` without its first `count` code points. */
export function dropCodePoints(text: string, count: number): string {
  let i = 0;
  for (let left = count; left > 0 && i < text.length; left -= 1) i += text.codePointAt(i)! > 0xffff ? 2 : 1;
  return text.slice(i);
}
