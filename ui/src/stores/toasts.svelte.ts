/** Short news at the foot of the page, such as that something was done and can be undone. Never a failure: those stand where they belong. */
export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly action?: { readonly label: string; readonly onChoose: () => void };
}

const SHOWN_S = 4;
/** What can be undone is offered for longer. */
const OFFERED_S = 10;
const MOST = 3;

class Toasts {
  shown = $state.raw<readonly Toast[]>([]);
  #last = 0;
  #timers = new Map<number, ReturnType<typeof setTimeout>>();

  say(text: string, action?: Toast["action"]): void {
    const toast: Toast = { id: (this.#last += 1), text, ...(action ? { action } : {}) };
    this.shown = [...this.shown, toast].slice(-MOST);
    this.#start(toast);
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

  #start(toast: Toast): void {
    const span_s = toast.action ? OFFERED_S : SHOWN_S;
    this.#timers.set(toast.id, setTimeout(() => this.dismiss(toast.id), span_s * 1000));
  }
}

export const toasts = new Toasts();
