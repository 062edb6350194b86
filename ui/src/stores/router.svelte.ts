/** The page being looked at. Links are ordinary links; those within the UI are followed without a reload. */
import { matchRoute, type Route } from "../lib/routes";

class Router {
  #path = $state(location.pathname);

  get path(): string {
    return this.#path;
  }

  get route(): Route {
    return matchRoute(this.#path);
  }

  go(path: string): void {
    if (path !== this.#path) history.pushState(null, "", path);
    this.#path = path;
  }

  /** Starts to follow links and the browser's own buttons; returns how to stop. */
  start(): () => void {
    const popped = (): void => {
      this.#path = location.pathname;
    };
    const clicked = (event: MouseEvent): void => {
      const path = pathWithin(event);
      if (path === null) return;
      event.preventDefault();
      this.go(path);
    };
    window.addEventListener("popstate", popped);
    document.addEventListener("click", clicked);
    return () => {
      window.removeEventListener("popstate", popped);
      document.removeEventListener("click", clicked);
    };
  }
}

export const router = new Router();

/** The path of a plain click on a link to one of our pages; null where the browser should do what it always does. */
function pathWithin(event: MouseEvent): string | null {
  if (event.defaultPrevented || event.button !== 0) return null;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return null;
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return null;
  return matchRoute(link.pathname).page === "unknown" ? null : link.pathname;
}
