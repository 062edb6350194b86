/**
 * Brings a reader back to how far down they were, also where what stands there is still being fetched: tried again at each
 * change of height, until it is reached or the reader moves themselves.
 */
const MOVES = ["wheel", "touchmove", "pointerdown", "keydown"] as const;

/** Returns how to give it up. */
export function regain(scroller: HTMLElement, top: number): () => void {
  const over = new AbortController();
  const stop = (): void => over.abort();
  const heights = new ResizeObserver(attempt);
  const pieces = new MutationObserver(watch);

  function attempt(): void {
    scroller.scrollTop = top;
    if (scroller.scrollTop >= top - 1) stop();
  }

  function watch(): void {
    for (const piece of scroller.children) heights.observe(piece);
  }

  over.signal.addEventListener("abort", () => {
    heights.disconnect();
    pieces.disconnect();
  });
  for (const move of MOVES) scroller.addEventListener(move, stop, { signal: over.signal, passive: true });
  pieces.observe(scroller, { childList: true });
  watch();
  attempt();
  return stop;
}
