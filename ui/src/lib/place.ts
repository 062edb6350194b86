/** Puts a box beside what it belongs to: below it where there is room, else above, and never beyond the window's edge. */
const GAP_PX = 4;
const EDGE_PX = 8;

export interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Where the upper left corner goes, in pixels of the window. `rtl` lines up the right edges. */
export function cornerOf(size: Size, beside: Box, window: Size, rtl: boolean): { left: number; top: number } {
  const wanted = rtl ? beside.right - size.width : beside.left;
  const left = Math.max(EDGE_PX, Math.min(wanted, window.width - size.width - EDGE_PX));
  const below = beside.bottom + GAP_PX;
  const above = beside.top - GAP_PX - size.height;
  const fitsBelow = below + size.height <= window.height - EDGE_PX;
  return { left, top: fitsBelow || above < EDGE_PX ? Math.max(EDGE_PX, Math.min(below, window.height - size.height - EDGE_PX)) : above };
}

export function placeBeside(box: HTMLElement, beside: Box): void {
  const rtl = getComputedStyle(box).direction === "rtl";
  const { left, top } = cornerOf(box.getBoundingClientRect(), beside, { width: innerWidth, height: innerHeight }, rtl);
  box.style.left = `${left}px`;
  box.style.top = `${top}px`;
}
