/** Asks whom the page may ask: its own server, the browser about itself, and a second origin where the operator named one. */
import { readServer, type SecondSeen, type Seen, type ServerSeen } from "./diagnosis";
import type { Backend } from "./wire";

/** How long an answer may take, in milliseconds. */
const PATIENCE_MS = 8000;

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\]|.*\.localhost)$/;

export async function lookAround(secondOrigin: string | null, signal: AbortSignal): Promise<Seen> {
  const [server, second] = await Promise.all([
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
    model: server.outcome === "well" ? await askModel(signal) : null,
    second,
  };
}

async function askServer(signal: AbortSignal): Promise<ServerSeen> {
  const beganAt = performance.now();
  const nothing = { status: null, fault: null, clockAheadS: null };
  const patience = AbortSignal.timeout(PATIENCE_MS);
  try {
    const response = await fetch("/healthz", { cache: "no-store", redirect: "manual", signal: AbortSignal.any([signal, patience]) });
    const tookMs = performance.now() - beganAt;
    const body = await response.text();
    const answer = {
      status: response.status,
      redirected: response.type === "opaqueredirect",
      json: (response.headers.get("Content-Type") ?? "").includes("json"),
      body,
    };
    return { ...readServer(answer), status: response.status || null, tookMs, clockAheadS: clockAhead(response.headers.get("Date")) };
  } catch {
    signal.throwIfAborted();
    return { ...nothing, outcome: patience.aborted ? "silent" : "unreachable", tookMs: performance.now() - beganAt };
  }
}

async function askModel(signal: AbortSignal): Promise<Backend["state"] | null> {
  try {
    const patience = AbortSignal.timeout(PATIENCE_MS);
    const response = await fetch("/api/v1/status", { cache: "no-store", signal: AbortSignal.any([signal, patience]) });
    const status = (await response.json()) as { backend?: Backend };
    return response.ok ? (status.backend?.state ?? null) : null;
  } catch {
    signal.throwIfAborted();
    return null;
  }
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
