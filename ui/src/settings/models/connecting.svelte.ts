/** A server that is being connected: what was written, what it answered, and what is still wanting. */
import { checkBackend, type BackendFields, type Question } from "../../lib/api/backends";
import { asProblemError } from "../../lib/problem";
import type { BackendCheck, KnownBackend, Problem } from "../../lib/wire";
import { isAddress, suggestedName } from "./examples";

export class Connecting {
  readonly known: KnownBackend | null;
  url = $state("");
  key = $state("");
  forgetKey = $state(false);
  model = $state("");
  #name = $state<string | null>(null);
  /** What the server said of its models; null while it was not asked at this address. */
  listed = $state.raw<BackendCheck | null>(null);
  /** What the chosen model said. */
  spoken = $state.raw<BackendCheck | null>(null);
  problem = $state.raw<Problem | null>(null);
  asking = $state<"models" | "words" | null>(null);
  /** Whether it was tried to save: only then is said what is wanting. */
  tried = $state(false);
  #current = new AbortController();

  readonly name: string = $derived(this.#name ?? suggestedName(this.url, this.model));
  readonly hasAddress: boolean = $derived(isAddress(this.url.trim()));
  readonly models: readonly string[] = $derived(this.listed?.models ?? []);
  /** Some servers have one model and no names for it. */
  readonly needsModel: boolean = $derived(this.model.trim() === "" && this.models.length > 0);
  readonly complete: boolean = $derived(this.hasAddress && !this.needsModel && this.name.trim() !== "");

  constructor(known: KnownBackend | null) {
    this.known = known;
    if (!known) return;
    this.url = known.url ?? "";
    this.model = known.model ?? "";
    this.#name = known.name;
  }

  rename(name: string): void {
    this.#name = name;
  }

  /** Another address or key: what was answered before says nothing any more. */
  move(url: string): void {
    this.url = url;
    this.forget();
  }

  forget(): void {
    this.#current.abort();
    this.asking = null;
    this.listed = this.spoken = null;
    this.problem = null;
  }

  /** Asks what models there are, and has the one that is chosen, or the only one, say something. */
  async look(): Promise<void> {
    if (!this.hasAddress) return;
    const answer = await this.#ask("models", {});
    if (!answer) return;
    this.listed = answer.ok || answer.models.length > 0 ? answer : null;
    this.problem = answer.problem;
    if (answer.problem) return;
    if (!answer.models.includes(this.model)) this.model = answer.models.length === 1 ? answer.models[0]! : "";
    if (this.model !== "") await this.hear();
  }

  async choose(model: string): Promise<void> {
    this.model = model;
    this.spoken = this.problem = null;
    if (model !== "") await this.hear();
  }

  async hear(): Promise<void> {
    const answer = await this.#ask("words", { model: this.model.trim() });
    if (!answer) return;
    this.spoken = answer.problem ? null : answer;
    this.problem = answer.problem;
  }

  fields(): BackendFields {
    const fields = { name: this.name.trim(), url: this.url.trim(), model: this.model.trim() };
    if (this.key !== "") return { ...fields, api_key: this.key };
    return this.known?.has_key && !this.forgetKey ? fields : { ...fields, api_key: null };
  }

  /** Whom to ask. The key that is kept is known to the server alone: it is used where the backend is asked by its id. */
  #whom(): Question {
    const { known } = this;
    const url = this.url.trim();
    if (known?.has_key && this.key === "" && !this.forgetKey && url === known.url) return { id: known.id };
    return this.key === "" ? { url } : { url, api_key: this.key };
  }

  async #ask(what: "models" | "words", more: Question): Promise<BackendCheck | null> {
    this.#current.abort();
    const current = (this.#current = new AbortController());
    this.asking = what;
    this.problem = null;
    try {
      return await checkBackend({ ...this.#whom(), ...more }, current.signal);
    } catch (thrown) {
      if (!current.signal.aborted) this.problem = asProblemError(thrown).problem;
      return null;
    } finally {
      if (this.#current === current) this.asking = null;
    }
  }
}
