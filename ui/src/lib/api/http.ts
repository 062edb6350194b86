/** How the server is asked. Every failure is a ProblemError; a 401 waits for the access token and goes on. */
import { ProblemError, problemOf, unreachable } from "../problem";

/** Resolves once the person has given the access token; set by the page that asks for it. */
let whenUnlocked: () => Promise<void> = () => Promise.reject(new ProblemError(unreachable));

export function onAccessTokenRequired(unlocked: () => Promise<void>): void {
  whenUnlocked = unlocked;
}

/** The answer to a request, once it is a 2xx one. */
export async function call(path: string, init: RequestInit = {}): Promise<Response> {
  for (;;) {
    let response: Response;
    try {
      response = await fetch(path, init);
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw new ProblemError(unreachable);
    }
    if (response.ok) return response;
    const problem = await problemOf(response);
    if (problem.code !== "access_token_required") throw new ProblemError(problem);
    await whenUnlocked();
  }
}

export async function json<T>(path: string, init?: RequestInit): Promise<T> {
  const response = await call(path, init);
  try {
    return (await response.json()) as T;
  } catch {
    // The answer was cut off on its way: for the caller that is the same as no answer.
    throw new ProblemError(unreachable);
  }
}

export function body(method: string, value: unknown): RequestInit {
  return { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) };
}

/** Exchanges the access token for a cookie. A wrong token is a ProblemError, never another question. */
export async function openSession(accessToken: string): Promise<void> {
  let response: Response;
  try {
    response = await fetch("/api/v1/session", body("POST", { access_token: accessToken }));
  } catch {
    throw new ProblemError(unreachable);
  }
  if (!response.ok) throw new ProblemError(await problemOf(response));
}
