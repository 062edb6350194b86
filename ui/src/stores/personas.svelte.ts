/** Who the person can be. */
import { getPersonas, hidePersona, putPersona, putPersonaAvatar, removePersonaAvatar } from "../lib/api/personas";
import type { Persona } from "../lib/wire";
import { Loading } from "./loading.svelte";

/** A new picture, none (null), or the one that is there (undefined). */
export type Picture = Blob | null | undefined;

class Personas {
  readonly known = new Loading<readonly Persona[]>(getPersonas);

  /** Keeps a persona. @throws ProblemError */
  async put(id: string, name: string, description: string, picture: Picture): Promise<void> {
    await putPersona(id, name, description);
    if (picture instanceof Blob) await putPersonaAvatar(id, picture);
    else if (picture === null) await removePersonaAvatar(id);
    this.known.start();
  }

  /** Takes it out of the list. @throws ProblemError */
  async hide(persona: Persona): Promise<void> {
    await hidePersona(persona.id);
    this.known.start();
  }

  /** Brings it back: the same id with the same words is the same persona. @throws ProblemError */
  async bringBack(persona: Persona): Promise<void> {
    await putPersona(persona.id, persona.name, persona.description);
    this.known.start();
  }
}

export const personas = new Personas();
