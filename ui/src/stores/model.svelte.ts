/** How the model is doing, asked gently: often while it is on its way, rarely while all is well or nobody looks. */
import { getStatus } from "../lib/api/status";
import { waitInBrowser } from "../lib/reconnect";
import type { Backend, Limits } from "../lib/wire";
import { rememberSecondOrigin } from "./secondOrigin";

const DISMISSED = "perdure.starter-note-dismissed";
const POLL_ON_ITS_WAY_S = 2;
const POLL_AWAY_S = 5;
const POLL_READY_S = 30;

class ModelStatus {
  backend = $state.raw<Backend | null>(null);
  /** What the server takes; null while it has not said. */
  limits = $state.raw<Limits | null>(null);
  noteDismissed = $state(readDismissed());
  #hurry = new AbortController();

  /** Asks until `signal` aborts. */
  async watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const { backend, limits, second_origin } = await getStatus();
        this.backend = backend;
        this.limits = limits;
        rememberSecondOrigin(second_origin);
      } catch {
        // The pages themselves say that the server is away; the last known state of the model stays.
      }
      this.#hurry = new AbortController();
      await waitInBrowser(this.#pause_s(), AbortSignal.any([signal, this.#hurry.signal]));
    }
  }

  /** Asks at once: something was just learned about the model. */
  refresh(): void {
    this.#hurry.abort();
  }

  dismissNote(): void {
    this.noteDismissed = true;
    try {
      localStorage.setItem(DISMISSED, "1");
    } catch {
      // Dismissed for this page at least.
    }
  }

  #pause_s(): number {
    const state = this.backend?.state;
    if (document.visibilityState === "hidden" || state === "ready") return POLL_READY_S;
    return state === "fetching" || state === "loading" ? POLL_ON_ITS_WAY_S : POLL_AWAY_S;
  }
}

export const model = new ModelStatus();

function readDismissed(): boolean {
  try {
    return localStorage.getItem(DISMISSED) === "1";
  } catch {
    return false;
  }
}
