/**
 * The offline shell: with the server away, the app opens all the same and says so. Pages are asked of the server first, so
 * that nobody sees an old one, unless it struggles and is not to be asked just now; files named after their content are
 * kept; what the API answers is never touched. And what a page that is gone had left to be sent is sent from here.
 */
import { askThrough, within } from "../lib/api/http";
import { putLetter } from "../lib/api/messages";
import { Gate } from "../lib/gate";
import { openKept } from "../lib/kept";
import { aloneByLock } from "../lib/lease";
import { openNews } from "../lib/news";
import { SEND_LATER } from "../lib/offline";
import { ProblemError, problemOf, unreachable, Withheld } from "../lib/problem";
import { Sender } from "../lib/sender";
import { cacheName, kindOf, outdated, OWN_FILES, type Shell } from "./shell";

/** What TypeScript's library for pages does not know of a worker's own. */
interface WorkerScope {
  readonly location: Location;
  readonly caches: CacheStorage;
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(name: "install" | "activate", listener: (event: Extendable) => void): void;
  addEventListener(name: "sync", listener: (event: Syncing) => void): void;
  addEventListener(name: "fetch", listener: (event: Fetching) => void): void;
}
interface Extendable {
  waitUntil(work: Promise<unknown>): void;
}
interface Fetching extends Extendable {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}
interface Syncing extends Extendable {
  readonly tag: string;
}
/** Put here by the build. */
declare const __SHELL__: Shell;

const scope = self as unknown as WorkerScope;
const shell = __SHELL__;
const PAGE = "/";
/** How long letters are tried behind the back of a browser that lets a worker live for a few minutes; and how soon again. */
const PATIENCE_MS = 120_000;
const LOOK_MS = 250;
/** How long a page is waited for that is kept as well. */
const PAGE_MS = 4000;
const kept = openKept(() => indexedDB);
const news = openNews();
const gate = new Gate({ kept, news, now: Date.now, random: Math.random });
askThrough(gate);
const sender = new Sender({
  kept,
  gate,
  alone: aloneByLock(navigator.locks),
  send: putLetter,
  now: Date.now,
  random: Math.random,
  onSending: () => {},
  onSent: (_, { message }) => news.tell({ kind: "sent", message }),
  onChange: async () => news.tell({ kind: "letters" }),
  // The next page asks for the token.
  onLocked: () => {},
});

scope.addEventListener("install", (event) => event.waitUntil(install()));
scope.addEventListener("activate", (event) => event.waitUntil(activate()));
scope.addEventListener("fetch", (event) => {
  const kind = kindOf(event.request, scope.location.origin);
  if (kind === "page") event.respondWith(fromServer(event.request, PAGE));
  else if (kind === "own") event.respondWith(fromServer(event.request, event.request.url));
  else if (kind === "asset") event.respondWith(asset(event.request));
});

scope.addEventListener("sync", (event) => {
  if (event.tag === SEND_LATER) event.waitUntil(sendLetters());
});

async function sendLetters(): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  for (let now = Date.now(); now < until; now = Date.now()) {
    await gate.look();
    const next = await sender.run();
    if (next === null) return;
    // A struggling server is soon asked again; the browser itself would come back minutes later.
    await new Promise((resolve) => setTimeout(resolve, Math.min(Math.max(next, now + LOOK_MS), until) - now));
  }
  throw new Error("something is left to be sent");
}

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

/** The server's answer; where there is none, or it is not to be asked now, what is kept. */
async function fromServer(request: Request, kept_as: string): Promise<Response> {
  let answer: Response | undefined;
  try {
    await gate.look();
    return await gate.pass("GET", async () => {
      answer = await within(PAGE_MS, (signal) => fetch(request, { signal })).catch(() => undefined);
      if (!answer) throw new ProblemError(unreachable);
      if (answer.status >= 429) throw new ProblemError(await problemOf(answer.clone()));
      return answer;
    });
  } catch (thrown) {
    const found = await (await scope.caches.open(cacheName(shell))).match(kept_as);
    if (found) return unhurried(found);
    // Nothing is kept: then the server has the word, or its silence.
    return answer ?? (thrown instanceof Withheld ? fetch(request) : Response.error());
  }
}

/** A page that is kept has the browser fetch nothing ahead: that would pass the gate by. */
function unhurried(page: Response): Response {
  const headers = new Headers(page.headers);
  headers.delete("Link");
  return new Response(page.body, { status: page.status, headers });
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
