/** Whether the server can be asked, as far as this browser knows; and the one way to ask it out of turn. */
import { createSubscriber } from "svelte/reactivity";
import { CLOSED, isDue, isOpen, mayHurry, type Circuit } from "../lib/circuit";
import { announceReachable } from "../lib/reconnect";
import { gate } from "./browser";

/** A server that is back at once is not worth a word: it is told from this many failures on, or where it is to be waited so long. */
const FAILURES = 3;
const WAIT_MS = 3000;
const TICK_MS = 500;

class Server {
  #circuit = $state.raw<Circuit>(CLOSED);
  #now = Date.now();
  /** Ticks while anybody looks. */
  readonly #tick = createSubscriber((update) => {
    const timer = setInterval(() => {
      this.#now = Date.now();
      update();
    }, TICK_MS);
    return () => clearInterval(timer);
  });

  readonly away: boolean = $derived.by(() => isOpen(this.#circuit));
  readonly worthTelling: boolean = $derived.by(
    () => this.away && (this.#circuit.failures >= FAILURES || this.#circuit.notBefore - this.#circuit.failedAt > WAIT_MS),
  );
  readonly problem = $derived(this.#circuit.problem);

  constructor() {
    gate.watch((circuit) => {
      const back = this.away && !isOpen(circuit);
      this.#circuit = circuit;
      if (back) announceReachable();
    });
  }

  /** Where something has changed that the failures knew nothing of, one try is worth a part of the budget. */
  watch(): () => void {
    const changed = (): void => {
      if (document.visibilityState === "visible" && isOpen(gate.circuit)) void this.hurry();
    };
    window.addEventListener("online", changed);
    document.addEventListener("visibilitychange", changed);
    return () => {
      window.removeEventListener("online", changed);
      document.removeEventListener("visibilitychange", changed);
    };
  }

  async hurry(): Promise<void> {
    if (await gate.hurry()) announceReachable();
  }

  /** How many seconds until the next try, for an instant in Unix milliseconds; 0 for now. */
  secondsTo(at: number): number {
    this.#tick();
    return Math.max(0, Math.ceil((at - this.#now) / 1000));
  }

  /** How many seconds until the next try; 0 while there is one. */
  get nextIn_s(): number {
    return this.#circuit.asking ? 0 : this.secondsTo(this.#circuit.notBefore);
  }

  get notBefore(): number {
    return this.#circuit.notBefore;
  }

  /** Whether there is a try out of turn to be had. */
  get mayAskNow(): boolean {
    this.#tick();
    return mayHurry(this.#circuit, this.#now);
  }

  get mayHurry(): boolean {
    return this.mayAskNow && !isDue(this.#circuit, this.#now);
  }
}

export const server = new Server();
