// Runs before anything is painted, so that nobody who chose the dark sees a flash of light, neither on the page nor on
// the browser's bars. What may be chosen, and the setting of it, is in src/stores/appearance.svelte.ts.
try {
  for (const key of ["theme", "prose", "size", "measure"]) {
    const chosen = localStorage.getItem("perdure.appearance." + key);
    if (chosen) document.documentElement.dataset[key] = chosen;
  }
  const theme = document.documentElement.dataset.theme;
  for (const meta of document.querySelectorAll("meta[data-scheme]")) {
    if (theme) meta.media = theme === meta.dataset.scheme ? "all" : "not all";
  }
} catch {
  // Without storage everything is as it comes.
}
