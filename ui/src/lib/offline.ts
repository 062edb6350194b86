/** Has the browser keep the offline shell, where it can: on https and on the machine itself. */
export function keepShell(): void {
  if (!("serviceWorker" in navigator) || !import.meta.env.PROD) return;
  // After the page is there: nothing of this is needed for the first sight.
  const register = (): void => {
    navigator.serviceWorker.register("/sw.js", { updateViaCache: "none" }).catch(() => {
      // Without it the app is only not there while the server is away.
    });
  };
  if (document.readyState === "complete") register();
  else window.addEventListener("load", register, { once: true });
}
