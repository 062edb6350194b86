/** The servers that a model answers from. Their keys go there and never come back. */
import type { BackendCheck, KnownBackend } from "../wire";
import { body, call, json } from "./http";

export interface BackendFields {
  readonly name: string;
  readonly url: string;
  readonly model: string;
  /** Left out: the one that is kept stays; null: none. */
  readonly api_key?: string | null;
}

export interface Question {
  readonly id?: string;
  readonly url?: string;
  readonly model?: string;
  readonly api_key?: string;
}

const one = (id: string): string => `/api/v1/backends/${encodeURIComponent(id)}`;

export const getBackends = async (): Promise<readonly KnownBackend[]> => {
  const answer = await json<readonly KnownBackend[] | { backends: readonly KnownBackend[] }>("/api/v1/backends");
  return "backends" in answer ? answer.backends : answer;
};

export const putBackend = (id: string, fields: BackendFields): Promise<unknown> => json(one(id), body("PUT", fields));

export async function deleteBackend(id: string): Promise<void> {
  await call(one(id), { method: "DELETE" });
}

/** Lists what models a server has and, where one is named, has it say something. */
export const checkBackend = (question: Question, signal?: AbortSignal): Promise<BackendCheck> =>
  json("/api/v1/backends/check", { ...body("POST", question), ...(signal ? { signal } : {}) });
