/** What the operator's page knows: asked for every two seconds while somebody looks, and less often while nobody answers. */
import { act, getActs, getExceptions, getIncidents, getLoad, getOverview, getReports, type Deed } from "../lib/api/operator";
import { asProblemError } from "../lib/problem";
import { Backoff, pause_s, waitInBrowser } from "../lib/reconnect";
import type { Act, Incident, LoadSeries, Overview, Problem, ToldReport, Unforeseen } from "../lib/wire";
import { device } from "../stores/device.svelte";

const EVERY_S = 2;
/** What changes seldom is asked for with every so many looks. */
const SELDOM = 5;
/** Load is by the minute. */
const RARELY = 15;
const HIDDEN_S = 3600;
const NAME = "perdure.operator-name";

export class OperatorDesk {
  overview = $state.raw<Overview | null>(null);
  incidents = $state.raw<readonly Incident[]>([]);
  acts = $state.raw<readonly Act[]>([]);
  exceptions = $state.raw<readonly Unforeseen[]>([]);
  reports = $state.raw<readonly ToldReport[]>([]);
  day = $state.raw<LoadSeries | null>(null);
  month = $state.raw<LoadSeries | null>(null);
  /** When the overview was seen, in Unix milliseconds. */
  seenAt = $state(0);
  /** Why it is old. */
  problem = $state.raw<Problem | null>(null);
  /** Why the last thing could not be done. */
  refusal = $state.raw<Problem | null>(null);
  name = $state(stored());
  #looks = 0;
  #hurry = new AbortController();

  /** Asks until `signal` aborts. */
  async watch(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff();
    while (!signal.aborted) {
      let wait_s = EVERY_S;
      try {
        await this.#look();
        backoff.succeeded();
      } catch (thrown) {
        const error = asProblemError(thrown);
        this.problem = error.problem;
        wait_s = Math.max(EVERY_S, pause_s(error, backoff));
      }
      this.#hurry = new AbortController();
      if (document.visibilityState === "hidden") wait_s = HIDDEN_S;
      await waitInBrowser(wait_s, AbortSignal.any([signal, this.#hurry.signal]));
    }
  }

  /** Does it; whether it was done. */
  async do(deed: Deed): Promise<boolean> {
    return this.attempt(() => act(deed, this.name.trim()));
  }

  /** Something that is done once: a failure is told, and not tried again. */
  async attempt(what: () => Promise<unknown>): Promise<boolean> {
    this.refusal = null;
    try {
      await what();
      return true;
    } catch (thrown) {
      this.refusal = asProblemError(thrown).problem;
      return false;
    } finally {
      this.#looks = 0;
      this.#hurry.abort();
    }
  }

  rename(name: string): void {
    this.name = name;
    device.keep(NAME, name.trim() === "" ? null : name);
  }

  async #look(): Promise<void> {
    const looks = this.#looks;
    this.#looks += 1;
    this.overview = await getOverview();
    this.seenAt = Date.now();
    this.problem = null;
    // What the health process alone knows may be away without the rest: then what was known of it stays.
    const beside: Promise<void>[] = [];
    if (looks % SELDOM === 0) {
      beside.push(
        getIncidents().then((found) => void (this.incidents = found)),
        getActs().then((found) => void (this.acts = found)),
        getExceptions().then((found) => void (this.exceptions = found)),
        getReports().then((found) => void (this.reports = found)),
      );
    }
    if (looks % RARELY === 0) {
      beside.push(
        getLoad("day").then((found) => void (this.day = found)),
        getLoad("month").then((found) => void (this.month = found)),
      );
    }
    await Promise.allSettled(beside);
  }
}

function stored(): string {
  try {
    return localStorage.getItem(NAME) ?? "";
  } catch {
    return "";
  }
}
