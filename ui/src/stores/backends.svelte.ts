/** The models' servers that are known here, and which of them answers. */
import { deleteBackend, getBackends, putBackend, type BackendFields } from "../lib/api/backends";
import { asProblemError } from "../lib/problem";
import type { KnownBackend, Problem } from "../lib/wire";
import { Loading } from "./loading.svelte";
import { model } from "./model.svelte";
import { settings } from "./settings.svelte";

class Backends {
  readonly known = new Loading<readonly KnownBackend[]>(getBackends);
  problem = $state.raw<Problem | null>(null);

  /** Which one is in use: as chosen here a moment ago, or as the server said. */
  readonly activeId: string | null = $derived(
    this.#chosen() ?? this.known.value?.find((backend) => backend.active)?.id ?? null,
  );

  /** Keeps a server. @throws ProblemError */
  async put(id: string, fields: BackendFields): Promise<void> {
    await putBackend(id, fields);
    this.known.start();
    model.refresh();
  }

  async remove(id: string): Promise<void> {
    this.problem = null;
    try {
      await deleteBackend(id);
    } catch (thrown) {
      this.problem = asProblemError(thrown).problem;
    }
    this.known.start();
    settings.known.start();
    model.refresh();
  }

  #chosen(): string | null {
    if (!settings.values) return null;
    const id = settings.values.backend_id ?? "default";
    return this.known.value?.some((backend) => backend.id === id) ? id : null;
  }
}

export const backends = new Backends();
