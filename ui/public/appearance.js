// Runs before anything is painted, so that nobody who chose the dark sees a flash of light. What may be chosen, and the
// setting of it, is in src/stores/appearance.svelte.ts.
try {
  for (const key of ["theme", "prose", "size", "measure"]) {
    const chosen = localStorage.getItem("perdure.appearance." + key);
    if (chosen) document.documentElement.dataset[key] = chosen;
  }
} catch {
  // Without storage everything is as it comes.
}
