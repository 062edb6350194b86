/** The page being looked at. Links are ordinary links; those within the UI are followed without a reload. */
import { matchRoute, type Route } from "../lib/routes";
import { newUuid } from "../lib/uuid";

/** Where on a page somebody was: how far down it, and in a chat which message stood how far from the upper edge. */
export interface Spot {
  readonly top: number;
  readonly message?: { readonly id: string; readonly top: number };
}

class Router {
  #path = $state(location.pathname);
  #query = $state(location.search);
  /** Which step of the browser's history this is; the spots are those of steps that were left. */
  #step = newUuid();
  #returned = false;
  readonly #spots = new Map<string, Spot>();
  readonly #watchers = new Set<() => Partial<Spot>>();

  get path(): string {
    return this.#path;
  }

  get route(): Route {
    return matchRoute(this.#path);
  }

  /** What stands behind the `?`. */
  get query(): URLSearchParams {
    return new URLSearchParams(this.#query);
  }

  /** Where the person was on this page, if they came back to it by the browser's own buttons. */
  get spot(): Spot | null {
    return this.#returned ? (this.#spots.get(this.#step) ?? null) : null;
  }

  /** Asks for the spot whenever a page is about to be left; returns how to ask no more. */
  onLeave(spot: () => Partial<Spot>): () => void {
    this.#watchers.add(spot);
    return () => this.#watchers.delete(spot);
  }

  /** `href` is a path, with a query where the page has one. */
  go(href: string): void {
    if (href === this.#path + this.#query) return;
    this.#leave();
    this.#step = newUuid();
    this.#returned = false;
    history.pushState(this.#step, "", href);
    this.#read();
  }

  /** Changes the query alone, without a step to go back to. */
  ask(query: string): void {
    history.replaceState(history.state, "", this.#path + (query === "" ? "" : `?${query}`));
    this.#read();
  }

  /** Starts to follow links and the browser's own buttons; returns how to stop. */
  start(): () => void {
    history.replaceState(this.#step, "");
    const popped = (): void => {
      this.#leave();
      this.#step = String(history.state);
      this.#returned = true;
      this.#read();
    };
    const clicked = (event: MouseEvent): void => {
      const href = hrefWithin(event);
      if (href === null) return;
      event.preventDefault();
      this.go(href);
    };
    window.addEventListener("popstate", popped);
    document.addEventListener("click", clicked);
    return () => {
      window.removeEventListener("popstate", popped);
      document.removeEventListener("click", clicked);
    };
  }

  #leave(): void {
    const spot: Spot = { top: 0 };
    this.#spots.set(this.#step, Object.assign(spot, ...[...this.#watchers].map((ask) => ask())));
  }

  #read(): void {
    this.#path = location.pathname;
    this.#query = location.search;
  }
}

export const router = new Router();

/** Where a plain click on a link to one of our pages leads; null where the browser should do what it always does. */
function hrefWithin(event: MouseEvent): string | null {
  if (event.defaultPrevented || event.button !== 0) return null;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return null;
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return null;
  return matchRoute(link.pathname).page === "unknown" ? null : link.pathname + link.search;
}
