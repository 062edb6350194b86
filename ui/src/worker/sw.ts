/**
 * The offline shell: with the server away, the app opens all the same and says so. Pages are asked of the server first, so
 * that nobody sees an old one; files named after their content are kept; what the API answers is never touched.
 */
import { cacheName, kindOf, outdated, OWN_FILES, type Shell } from "./shell";

/** What TypeScript's library for pages does not know of a worker's own. */
interface WorkerScope {
  readonly location: Location;
  readonly caches: CacheStorage;
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(name: "install" | "activate", listener: (event: Extendable) => void): void;
  addEventListener(name: "fetch", listener: (event: Fetching) => void): void;
}
interface Extendable {
  waitUntil(work: Promise<unknown>): void;
}
interface Fetching extends Extendable {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}
/** Put here by the build. */
declare const __SHELL__: Shell;

const scope = self as unknown as WorkerScope;
const shell = __SHELL__;
const PAGE = "/";

scope.addEventListener("install", (event) => event.waitUntil(install()));
scope.addEventListener("activate", (event) => event.waitUntil(activate()));
scope.addEventListener("fetch", (event) => {
  const kind = kindOf(event.request, scope.location.origin);
  if (kind === "page") event.respondWith(fromServer(event.request, PAGE));
  else if (kind === "own") event.respondWith(fromServer(event.request, event.request.url));
  else if (kind === "asset") event.respondWith(asset(event.request));
});

async function install(): Promise<void> {
  const cache = await scope.caches.open(cacheName(shell));
  // All or nothing: a worker whose shell has holes does not come to work.
  await cache.addAll([PAGE, ...OWN_FILES, ...shell.files].map((path) => new Request(path, { cache: "reload" })));
  await scope.skipWaiting();
}

async function activate(): Promise<void> {
  for (const name of outdated(await scope.caches.keys(), shell)) await scope.caches.delete(name);
  await scope.clients.claim();
}

/** The server's answer; where there is none, what is kept. */
async function fromServer(request: Request, kept_as: string): Promise<Response> {
  try {
    return await fetch(request);
  } catch (away) {
    const kept = await (await scope.caches.open(cacheName(shell))).match(kept_as);
    if (!kept) throw away;
    return kept;
  }
}

async function asset(request: Request): Promise<Response> {
  const cache = await scope.caches.open(cacheName(shell));
  const kept = await cache.match(request, { ignoreVary: true });
  if (kept) return kept;
  try {
    const answer = await fetch(request);
    if (answer.ok && new URL(request.url).pathname.startsWith("/assets/")) await cache.put(request, answer.clone());
    return answer;
  } catch (away) {
    // A file of an earlier build, for a page that is still open.
    const earlier = await scope.caches.match(request, { ignoreVary: true });
    if (!earlier) throw away;
    return earlier;
  }
}
