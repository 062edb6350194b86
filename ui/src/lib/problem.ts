/** Problem documents (RFC 9457) from answers, and the one that the page itself writes: nobody answered. */
import type { Problem } from "./wire";

/** A call that was answered with a problem, or was not answered. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.title);
    this.name = "ProblemError";
    this.problem = problem;
  }

  /** Whether the same call may succeed later without anybody changing it. */
  get retryable(): boolean {
    const status = this.problem.status ?? 0;
    return status < 400 || status === 408 || status === 425 || status === 429 || status >= 500;
  }

  /** How long the server asks to wait, in seconds; null where it does not say. */
  get retryAfterS(): number | null {
    return this.problem.retry_after_s ?? null;
  }
}

/** No call was made: the server struggles, and it is not time yet to ask it again. */
export class Withheld extends ProblemError {
  /** `wait_s` is how long that is so. */
  constructor(problem: Problem, wait_s: number) {
    super({ ...problem, retry_after_s: wait_s });
  }
}

export const unreachable: Problem = {
  code: "unreachable",
  fault: "network",
  title: "The server cannot be reached",
  detail: "Nobody answered. Perdure may be restarting, or the connection is interrupted.",
  remedy: "If it stays away, look whether Perdure is running.",
  saved: null,
};

/** A part of this page is one that the server no longer has, and loading the page anew did not help. */
export const outdated: Problem = {
  code: "outdated_page",
  fault: "client",
  title: "This page is older than the server",
  detail: null,
  remedy: "Reload the page. What you wrote is kept.",
  saved: null,
};

/** What is meant by a proxy that answers in the server's place, by its status: it does not reach the server, or is none. */
const away: Problem = {
  code: "server_unavailable",
  fault: "server",
  title: "The server is not ready just now",
  detail: null,
  remedy: "Wait a moment: it is tried again by itself.",
  saved: null,
};
const notOurs: Problem = {
  code: "proxy_in_the_way",
  fault: "network",
  title: "Something else answered in the server's place",
  detail: null,
  remedy: "Open the server's page in a browser and see who answers. Behind a proxy, its operator has to look.",
  saved: null,
};

/** The error that any thrown thing stands for; what is no problem document means that nobody answered. */
export function asProblemError(error: unknown): ProblemError {
  return error instanceof ProblemError ? error : new ProblemError(unreachable);
}

/** Reads the problem that a non-2xx answer carries. A proxy's own error page is told as what it means. */
export async function problemOf(response: Response): Promise<Problem> {
  const fallback: Problem = {
    ...(response.status === 429 || response.status >= 500 ? away : notOurs),
    status: response.status,
    retry_after_s: secondsOf(response.headers.get("Retry-After")),
  };
  if (!(response.headers.get("Content-Type") ?? "").includes("json")) return fallback;
  try {
    const body: unknown = await response.json();
    if (typeof body !== "object" || body === null) return fallback;
    return { ...fallback, ...(body as Partial<Problem>), status: response.status };
  } catch {
    return fallback;
  }
}

/** "in about 3 minutes", for a wait in seconds. */
export function waitInWords(seconds: number, locale: string): string {
  const words = new Intl.RelativeTimeFormat(locale);
  if (seconds < 90) return words.format(Math.max(1, Math.round(seconds)), "second");
  return words.format(Math.round(seconds / 60), "minute");
}

function secondsOf(header: string | null): number | null {
  const seconds = header === null ? Number.NaN : Number(header);
  return Number.isFinite(seconds) ? seconds : null;
}
