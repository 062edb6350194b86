/** Where every call to the server passes: the circuit as this page knows it, and as all pages of this browser share it. */
import { answered, asked, CLOSED, failed, hurried, isDue, isOpen, struggles, type Circuit } from "./circuit";
import type { Kept } from "./kept";
import type { News } from "./news";
import { ProblemError, unreachable, Withheld } from "./problem";

/** The one server that pages ask. */
const SERVER = "server";

export interface Surroundings {
  readonly kept: Promise<Kept>;
  readonly news: News;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
}

export class Gate {
  circuit: Circuit = CLOSED;
  readonly #around: Surroundings;
  readonly #known: Promise<void>;
  readonly #watchers = new Set<(circuit: Circuit) => void>();

  constructor(around: Surroundings) {
    this.#around = around;
    around.news.hear((tidings) => tidings.kind === "circuit" && this.#learn(tidings.circuit));
    this.#known = this.look();
  }

  /** Is told of every change, by whomever; returns how to be told no more. */
  watch(watcher: (circuit: Circuit) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Reads what all share. */
  async look(): Promise<void> {
    this.#learn((await (await this.#around.kept).get("circuits", SERVER)) ?? CLOSED);
  }

  /** Whether a call now would not be made. */
  get withholds(): boolean {
    return isOpen(this.circuit) && !isDue(this.circuit, this.#around.now());
  }

  /** Makes a call, unless the server struggles and it is not time yet. @throws what `ask` does; Withheld without a call */
  async pass<T>(method: string, ask: () => Promise<T>): Promise<T> {
    await this.#known;
    if (isOpen(this.circuit)) await this.#claim();
    const startedAt = this.#around.now();
    try {
      const answer = await ask();
      await this.#answered();
      return answer;
    } catch (thrown) {
      // What is given up tells nothing of the server.
      if (thrown instanceof ProblemError) await this.#met(thrown, method, startedAt);
      throw thrown;
    }
  }

  /** The person, or something that has changed, asks for a try out of turn. Whether there is one. */
  async hurry(): Promise<boolean> {
    let granted = false;
    await this.#change((circuit) => {
      const sooner = hurried(circuit, this.#around.now());
      granted = sooner !== null;
      return sooner ?? circuit;
    });
    return granted;
  }

  /** Lets one call through where it is time, and nobody else's. @throws Withheld */
  async #claim(): Promise<void> {
    let mine = false;
    await this.#change((circuit) => {
      const now = this.#around.now();
      mine = !isOpen(circuit) || isDue(circuit, now);
      return mine && isOpen(circuit) ? asked(circuit, now) : circuit;
    });
    const { problem, notBefore } = this.circuit;
    if (!mine) throw new Withheld(problem ?? unreachable, Math.max(0, notBefore - this.#around.now()) / 1000);
  }

  async #met({ problem }: ProblemError, method: string, startedAt: number): Promise<void> {
    if (!struggles(this.circuit, problem, method)) return this.#answered();
    const { now, random } = this.#around;
    await this.#change((circuit) => failed(circuit, problem, startedAt, now(), random()));
  }

  async #answered(): Promise<void> {
    if (isOpen(this.circuit)) await this.#change(answered);
  }

  async #change(to: (circuit: Circuit) => Circuit): Promise<void> {
    let changed = false;
    const circuit = await (await this.#around.kept).change("circuits", SERVER, (now) => {
      const before = now ?? CLOSED;
      const then = to(before);
      changed = then !== before;
      return then;
    });
    this.#learn(circuit ?? CLOSED);
    if (changed) this.#around.news.tell({ kind: "circuit", circuit: this.circuit });
  }

  #learn(circuit: Circuit): void {
    this.circuit = circuit;
    for (const watcher of this.#watchers) watcher(circuit);
  }
}
