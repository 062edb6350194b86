/**
 * A finger that draws a reply aside. Whether it means that or wants to scroll is decided once, by its first steps. Pure.
 */
export interface Pan {
  readonly startX: number;
  readonly startY: number;
  /** How far it is drawn aside, in pixels; null while undecided. */
  readonly by: number | null;
}

/** How far a finger goes before it is understood, and before it has meant it, in pixels. */
const DECIDED_PX = 12;
const MEANT_PX = 64;
/** Sideways means: clearly more aside than up or down. */
const SLOPE = 1.6;

export const begun = (x: number, y: number): Pan => ({ startX: x, startY: y, by: null });

/** The pan after a move; null once it is known to be none. */
export function moved(pan: Pan, x: number, y: number): Pan | null {
  const dx = x - pan.startX;
  const dy = y - pan.startY;
  if (pan.by !== null) return { ...pan, by: dx };
  if (Math.hypot(dx, dy) < DECIDED_PX) return pan;
  return Math.abs(dx) > SLOPE * Math.abs(dy) ? { ...pan, by: dx } : null;
}

/** Where it leads: to the next reply (1), the one before (-1), or nowhere (0). Drawing a page away brings the next. */
export function meant(pan: Pan, rtl: boolean): -1 | 0 | 1 {
  if (pan.by === null || Math.abs(pan.by) < MEANT_PX) return 0;
  return (pan.by < 0) === rtl ? -1 : 1;
}

/** How far the reply follows the finger: all the way where there is something to come, less where there is not. */
export function offset(pan: Pan, possible: boolean): number {
  if (pan.by === null) return 0;
  return possible ? pan.by : Math.sign(pan.by) * Math.min(24, Math.abs(pan.by) / 4);
}
