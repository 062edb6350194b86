/** How the server is asked. Every failure is a ProblemError; a 401 waits for the access token and goes on. */
import type { Gate } from "../gate";
import { ProblemError, problemOf, unreachable } from "../problem";

/** Resolves once the person has given the access token; set by the page that asks for it. */
let whenUnlocked: () => Promise<void> = () => Promise.reject(new ProblemError(unreachable));

export function onAccessTokenRequired(unlocked: () => Promise<void>): void {
  whenUnlocked = unlocked;
}

/** How often the access token was given while this page is open. */
let given = 0;

/** What is asked from now on is asked with the access token. */
export function accessTokenGiven(): void {
  given += 1;
}

/** A question or a letter of which nothing has come back in this time is taken as unanswered, in milliseconds. */
export const ANSWER_MS = 20_000;

/** What every call passes; set by whoever runs the page or the service worker. */
let pass: Gate["pass"] = (_, ask) => ask();

export function askThrough(gate: Gate): void {
  pass = (method, ask) => gate.pass(method, ask);
}

/** The answer to a request, once it is a 2xx one. */
export async function call(path: string, init: RequestInit = {}): Promise<Response> {
  for (;;) {
    try {
      return await ask(path, init);
    } catch (thrown) {
      if (!wantsToken(thrown)) throw thrown;
      await whenUnlocked();
    }
  }
}

/** The same without waiting for the access token: a 401 is a failure like others, unless the token has been given meanwhile. */
export async function ask(path: string, init: RequestInit): Promise<Response> {
  for (;;) {
    const before = given;
    try {
      return await once(path, init);
    } catch (thrown) {
      if (!wantsToken(thrown) || given === before) throw thrown;
    }
  }
}

const wantsToken = (thrown: unknown): boolean => thrown instanceof ProblemError && thrown.problem.code === "access_token_required";

const once = (path: string, init: RequestInit): Promise<Response> =>
  pass(init.method ?? "GET", async () => {
    let response: Response;
    try {
      response = await begun(path, init);
    } catch (error) {
      const { signal } = init;
      if (signal?.aborted && (signal.reason as Error | undefined)?.name !== "TimeoutError") throw error;
      throw new ProblemError(unreachable);
    }
    if (!response.ok) throw new ProblemError(await problemOf(response));
    return response;
  });

/** What is sent may be long under way; of what is asked for something comes soon, or the server takes connections and hangs. */
const begun = (path: string, init: RequestInit): Promise<Response> =>
  (init.method ?? "GET") === "GET"
    ? within(ANSWER_MS, (silence) => fetch(path, { ...init, signal: either(init.signal, silence) }))
    : fetch(path, init);

/** The beginning of an answer, where there is one in time. */
export async function within(limit_ms: number, ask: (silence: AbortSignal) => Promise<Response>): Promise<Response> {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), limit_ms);
  try {
    return await ask(silence.signal);
  } finally {
    clearTimeout(timer);
  }
}

const either = (one: AbortSignal | null | undefined, other: AbortSignal): AbortSignal => (one ? AbortSignal.any([one, other]) : other);

export async function json<T>(path: string, init?: RequestInit): Promise<T> {
  return read<T>(await call(path, init));
}

/** What an answer holds. */
export async function read<T>(response: Response): Promise<T> {
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
