/** The page being looked at. Links are ordinary links; those within the UI are followed without a reload. */
import { matchRoute, type Route } from "../lib/routes";

class Router {
  #path = $state(location.pathname);
  #query = $state(location.search);

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

  /** `href` is a path, with a query where the page has one. */
  go(href: string): void {
    if (href !== this.#path + this.#query) history.pushState(null, "", href);
    this.#read();
  }

  /** Changes the query alone, without a step to go back to. */
  ask(query: string): void {
    history.replaceState(null, "", this.#path + (query === "" ? "" : `?${query}`));
    this.#read();
  }

  /** Starts to follow links and the browser's own buttons; returns how to stop. */
  start(): () => void {
    const popped = (): void => this.#read();
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
