/**
 * Which piece of a long chat is drawn. The line is what is known of a branch without a gap; the pane is the piece of it
 * that stands in the page. Both are named by ids, so that a line that grows at either end moves nothing. Pure.
 */
export interface Pane {
  /** The first message drawn; null for as many as are drawn at first. */
  readonly firstId: string | null;
  /** The last one; null for the end of the line, wherever that will be. */
  readonly lastId: string | null;
}

/** How many messages are drawn at first, at most, and how far the pane moves at once. */
export const FIRST = 40;
export const MOST = 100;
export const STEP = 20;

export const END: Pane = { firstId: null, lastId: null };

type Line = readonly string[];

/** From where to where, as for `slice`. A pane whose messages are no longer in the line shows the nearest piece. */
export function bounds(line: Line, pane: Pane): { from: number; to: number } {
  const first = pane.firstId === null ? -1 : line.indexOf(pane.firstId);
  const last = pane.lastId === null ? line.length - 1 : line.indexOf(pane.lastId);
  if (last < 0) {
    const from = first < 0 ? Math.max(0, line.length - FIRST) : first;
    return { from, to: Math.min(line.length, from + MOST) };
  }
  return { from: first < 0 ? Math.max(0, last + 1 - FIRST) : Math.min(first, last), to: last + 1 };
}

export const drawn = (line: Line, pane: Pane): Line => {
  const { from, to } = bounds(line, pane);
  return line.slice(from, to);
};

/** A step towards the beginning. What is then too far below is no longer drawn. */
export function upward(line: Line, pane: Pane): Pane {
  const { from, to } = bounds(line, pane);
  return named(line, Math.max(0, from - STEP), to, "start");
}

/** A step towards the end. */
export function downward(line: Line, pane: Pane): Pane {
  const { from, to } = bounds(line, pane);
  return named(line, from, Math.min(line.length, to + STEP), "end");
}

/** A piece with that message in its middle. */
export function around(line: Line, id: string): Pane {
  const at = line.indexOf(id);
  if (at < 0) return END;
  return named(line, Math.max(0, at - STEP), Math.min(line.length, at + STEP), "start");
}

/**
 * What has come below is drawn while it is read (`following`); above it goes away what has become too much. For whoever
 * reads further up the pane stays, and what has come below waits.
 */
export function settled(line: Line, pane: Pane, following: boolean): Pane {
  const { from, to } = bounds(line, pane);
  if (to - from <= MOST + STEP) return pane;
  return named(line, from, to, following ? "end" : "start");
}

function named(line: Line, from: number, to: number, keep: "start" | "end"): Pane {
  const first = keep === "end" ? Math.max(from, to - MOST) : from;
  const end = keep === "start" ? Math.min(to, first + MOST) : to;
  return { firstId: line[first] ?? null, lastId: end >= line.length ? null : line[end - 1]! };
}
