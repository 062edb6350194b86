/** Is it me or them? What the page itself can see, and what follows from it: no more than that, and "cannot tell" where nothing does. */
import type { Backend, Problem } from "./wire";

type Fault = Problem["fault"];

export type Finding = "ok" | Fault | "cannot_tell";

/**
 * What came of asking the server: its own word that it is well, its own word that it is not, a page of a proxy that does not
 * reach it, something that is not it at all, a connection that fails, or silence.
 */
export type ServerOutcome = "well" | "problem" | "gateway" | "foreign" | "unreachable" | "silent";

export interface ServerSeen {
  readonly outcome: ServerOutcome;
  readonly status: number | null;
  readonly tookMs: number;
  /** Whose fault its own word says it is. */
  readonly fault: Fault | null;
  /** By how much this device's clock is ahead of the server's, in seconds; null where no answer told the time. */
  readonly clockAheadS: number | null;
}

export interface SecondSeen {
  readonly outcome: "answers" | "unreachable" | "silent";
  readonly tookMs: number;
}

export interface Seen {
  /** What the browser believes of its own network. */
  readonly online: boolean;
  /** "wifi", "4g": as far as the browser tells. */
  readonly connection: string | null;
  /** Whether the server is on this very device. */
  readonly local: boolean;
  /** Whether requests pass through the app's own service worker. */
  readonly worker: boolean;
  readonly server: ServerSeen;
  /** Null where the server did not tell. */
  readonly model: Backend["state"] | null;
  /** Null where the operator named none. */
  readonly second: SecondSeen | null;
}

export type Reason =
  | "well"
  | "untold"
  | "clock"
  | "modelAway"
  | "modelMissing"
  | "modelComing"
  | "ownWord"
  | "gateway"
  | "foreign"
  | "offline"
  | "local"
  | "secondAnswers"
  | "nobody"
  | "refused"
  | "alone";

export interface Judged {
  readonly finding: Finding;
  readonly reason: Reason;
  /** Whether what was seen leaves hardly another explanation. */
  readonly sure: boolean;
}

/** By how much clocks may differ until it is worth telling, in seconds. */
export const CLOCK_S = 300;

const MODEL: Readonly<Record<Backend["state"], Reason | null>> = {
  ready: null,
  down: "modelAway",
  missing: "modelMissing",
  loading: "modelComing",
  fetching: "modelComing",
  maintenance: "modelComing",
};

export function judge(seen: Seen): Judged {
  const { server, second } = seen;
  if (server.outcome === "well") return whenWell(seen);
  if (server.outcome === "problem") {
    const finding = server.fault ?? "server";
    return { finding, reason: finding === "client" ? "refused" : "ownWord", sure: true };
  }
  if (server.outcome === "gateway") return { finding: "server", reason: "gateway", sure: true };
  if (server.outcome === "foreign") return { finding: "network", reason: "foreign", sure: true };
  // Nothing answered. No network is between a server and a page on the same device, so that it needs none.
  if (seen.local) return { finding: "server", reason: "local", sure: true };
  if (!seen.online && second?.outcome !== "answers") return { finding: "network", reason: "offline", sure: true };
  if (second?.outcome === "answers") return { finding: "server", reason: "secondAnswers", sure: false };
  if (second) return { finding: "network", reason: "nobody", sure: false };
  return { finding: "cannot_tell", reason: "alone", sure: false };
}

function whenWell(seen: Seen): Judged {
  const ailing = seen.model && MODEL[seen.model];
  if (ailing) return { finding: "model", reason: ailing, sure: true };
  const ahead = Math.abs(seen.server.clockAheadS ?? 0);
  if (ahead > CLOCK_S) return { finding: "client", reason: "clock", sure: false };
  return { finding: "ok", reason: seen.model ? "well" : "untold", sure: true };
}

/** An answer as the page sees it: `body` is its text, `redirected` whether it leads somewhere else. */
export interface Answer {
  readonly status: number;
  readonly redirected: boolean;
  readonly json: boolean;
  readonly body: string;
}

/** How an answer to `/api/v1/status` says that the model is; null where it does not. */
export function readModel(answer: Answer): Backend["state"] | null {
  const backend = answer.status === 200 && answer.json ? parsed(answer.body)?.["backend"] : null;
  const state = typeof backend === "object" && backend !== null ? (backend as Partial<Backend>).state : undefined;
  return state !== undefined && Object.hasOwn(MODEL, state) ? state : null;
}

/** What an answer to `/healthz` is. */
export function readServer(answer: Answer): Pick<ServerSeen, "outcome" | "fault"> {
  const document = answer.json ? parsed(answer.body) : null;
  if (!answer.redirected && answer.status === 200 && document?.["status"] === "ok") return { outcome: "well", fault: null };
  if (document && typeof document["code"] === "string" && isFault(document["fault"])) {
    return { outcome: "problem", fault: document["fault"] };
  }
  if (answer.status === 429 || (answer.status >= 500 && answer.status !== 511)) return { outcome: "gateway", fault: null };
  return { outcome: "foreign", fault: null };
}

const isFault = (value: unknown): value is Fault => typeof value === "string" && ["server", "model", "network", "client"].includes(value);

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
