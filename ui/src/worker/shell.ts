/** What the offline shell does with which request. Framework-free, so that it can be tested. */
export interface Shell {
  readonly version: string;
  readonly files: readonly string[];
}

const PREFIX = "perdure-shell-";

/** Files that stand at the root under names that stay: they may be others tomorrow. */
export const OWN_FILES: ReadonlySet<string> = new Set(["/appearance.js", "/favicon.svg"]);

/** Paths whose answers are the server's alone, also where a browser opens them as pages. */
const SERVERS = /^\/(api|v1|healthz|readyz|metrics|status|help|sw\.js|manifest\.webmanifest|icons)(\/|$|\.)/;

export const cacheName = (shell: Shell): string => PREFIX + shell.version;

/** The shells of earlier builds. */
export const outdated = (names: readonly string[], shell: Shell): string[] =>
  names.filter((name) => name.startsWith(PREFIX) && name !== cacheName(shell));

export function kindOf(request: Pick<Request, "method" | "mode" | "url">, origin: string): "page" | "own" | "asset" | null {
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== origin) return null;
  if (url.pathname.startsWith("/assets/")) return "asset";
  if (OWN_FILES.has(url.pathname) && request.mode !== "navigate") return "own";
  if (request.mode !== "navigate" || SERVERS.test(url.pathname)) return null;
  return "page";
}
