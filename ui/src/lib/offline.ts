/**
 * Has the browser keep the offline shell, where it can: on https and on the machine itself. `ask` says whether the server
 * may be asked.
 */
export function keepShell(ask: () => boolean): void {
  if (!("serviceWorker" in navigator) || !import.meta.env.PROD) return;
  // After the page is there: nothing of this is needed for the first sight.
  const register = (): void => {
    // Every registration asks the server for the worker: not while it struggles.
    if (!ask()) return;
    navigator.serviceWorker.register("/sw.js", { updateViaCache: "none" }).catch(() => {
      // Without it the app is only not there while the server is away.
    });
  };
  if (document.readyState === "complete") register();
  else window.addEventListener("load", register, { once: true });
}

/** What the browser tells the worker to send once the server can be reached, should the page be gone by then. */
export const SEND_LATER = "perdure-letters";

/** Has the worker send what is left, in browsers that can do that. */
export async function sendLater(): Promise<void> {
  try {
    const registration = await navigator.serviceWorker?.getRegistration();
    const { sync } = (registration ?? {}) as { readonly sync?: { register(tag: string): Promise<void> } };
    await sync?.register(SEND_LATER);
  } catch {
    // Not allowed here: a page will send them.
  }
}
