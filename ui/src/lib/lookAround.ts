/** Asks whom the page may ask: its own server, the browser about itself, and a second origin where the operator named one. */
import { type Answer, readModel, readServer, type SecondSeen, type Seen, type ServerSeen } from "./diagnosis";

/** How long an answer may take, in milliseconds. */
const PATIENCE_MS = 8000;

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\]|.*\.localhost)$/;

export async function lookAround(secondOrigin: string | null, signal: AbortSignal): Promise<Seen> {
  const [{ server, model }, second] = await Promise.all([
    askServer(signal),
    secondOrigin === null ? Promise.resolve(null) : askSecond(secondOrigin, signal),
  ]);
  return {
    // Asked afterwards: a browser learns of a lost network by using it.
    online: navigator.onLine,
    connection: connectionOf(navigator),
    local: LOOPBACK.test(location.hostname),
    worker: "serviceWorker" in navigator && navigator.serviceWorker.controller !== null,
    server,
    model,
    second,
  };
}

type Asked = Omit<ServerSeen, "outcome" | "fault"> & { readonly answer: Answer | null; readonly silent: boolean };

async function ask(path: string, signal: AbortSignal): Promise<Asked> {
  const beganAt = performance.now();
  const patience = AbortSignal.timeout(PATIENCE_MS);
  try {
    const response = await fetch(path, { cache: "no-store", redirect: "manual", signal: AbortSignal.any([signal, patience]) });
    const tookMs = performance.now() - beganAt;
    const answer = {
      status: response.status,
      redirected: response.type === "opaqueredirect",
      json: (response.headers.get("Content-Type") ?? "").includes("json"),
      body: await response.text(),
    };
    return { answer, silent: false, status: response.status || null, tookMs, clockAheadS: clockAhead(response.headers.get("Date")) };
  } catch {
    signal.throwIfAborted();
    return { answer: null, silent: patience.aborted, status: null, tookMs: performance.now() - beganAt, clockAheadS: null };
  }
}

/** What it says of itself, and then what it says of its model: a server may be alive and no more than that. */
async function askServer(signal: AbortSignal): Promise<Pick<Seen, "server" | "model">> {
  const alive = seenOf(await ask("/healthz", signal));
  if (alive.outcome !== "well") return { server: alive, model: null };
  const asked = await ask("/api/v1/status", signal);
  const model = asked.answer && readModel(asked.answer);
  const told = model !== null || asked.answer?.status === 401;
  return { server: told ? alive : seenOf(asked), model };
}

function seenOf({ answer, silent, status, tookMs, clockAheadS }: Asked): ServerSeen {
  const read = answer ? readServer(answer) : ({ outcome: silent ? "silent" : "unreachable", fault: null } as const);
  return { ...read, status, tookMs, clockAheadS };
}

/** Whether anything answers there. The page learns no more than that, and shows no cookie and no referrer. */
async function askSecond(address: string, signal: AbortSignal): Promise<SecondSeen> {
  const beganAt = performance.now();
  const patience = AbortSignal.timeout(PATIENCE_MS);
  try {
    await fetch(address, {
      mode: "no-cors",
      credentials: "omit",
      referrerPolicy: "no-referrer",
      cache: "no-store",
      signal: AbortSignal.any([signal, patience]),
    });
    return { outcome: "answers", tookMs: performance.now() - beganAt };
  } catch {
    signal.throwIfAborted();
    return { outcome: patience.aborted ? "silent" : "unreachable", tookMs: performance.now() - beganAt };
  }
}

function clockAhead(date: string | null): number | null {
  const there = date === null ? Number.NaN : Date.parse(date);
  return Number.isNaN(there) ? null : (Date.now() - there) / 1000;
}

function connectionOf(browser: Navigator): string | null {
  const { connection } = browser as Navigator & { connection?: { type?: string; effectiveType?: string } };
  return connection?.type ?? connection?.effectiveType ?? null;
}
