/**
 * Short news at the foot of the page, such as that something was done and can be undone. A failure stands where it belongs;
 * only that of an undoing is told here, since the page that it began on may be gone.
 */
import { asProblemError } from "../lib/problem";
import { persist, waitInBrowser } from "../lib/reconnect";
import { t } from "../i18n/i18n.svelte";
import { tell } from "../i18n/problems";

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly action?: { readonly label: string; readonly onChoose: () => void };
}

const SHOWN_S = 4;
/** What can be undone is offered for longer. */
const OFFERED_S = 10;
const MOST = 3;
/** How long an undoing is tried, in seconds. */
const PATIENCE_S = 15;

class Toasts {
  shown = $state.raw<readonly Toast[]>([]);
  #last = 0;
  #timers = new Map<number, ReturnType<typeof setTimeout>>();

  say(text: string, action?: Toast["action"]): void {
    const toast: Toast = { id: (this.#last += 1), text, ...(action ? { action } : {}) };
    this.shown = [...this.shown, toast].slice(-MOST);
    this.#start(toast);
  }

  /** Says what was done, with a way back that still leads there once the page is left. `undone` is said when it has. */
  offer(text: string, undo: () => Promise<unknown>, undone?: string): void {
    this.say(text, { label: t().common.undo, onChoose: () => void this.#undo(undo, undone) });
  }

  dismiss(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.shown = this.shown.filter((toast) => toast.id !== id);
  }

  /** While somebody reads or is about to press, nothing disappears. */
  hold(held: boolean): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    if (!held) for (const toast of this.shown) this.#start(toast);
  }

  async #undo(undo: () => Promise<unknown>, undone?: string): Promise<void> {
    try {
      await persist(undo, { signal: AbortSignal.timeout(PATIENCE_S * 1000), wait: waitInBrowser });
      if (undone !== undefined) this.say(undone);
    } catch (thrown) {
      const again = (): void => void this.#undo(undo, undone);
      const { title } = tell(asProblemError(thrown).problem, t().common);
      this.say(t().common.notUndone(title), { label: t().common.tryAgain, onChoose: again });
    }
  }

  #start(toast: Toast): void {
    const span_s = toast.action ? OFFERED_S : SHOWN_S;
    this.#timers.set(toast.id, setTimeout(() => this.dismiss(toast.id), span_s * 1000));
  }
}

export const toasts = new Toasts();
