import "./styles/fonts.css";
import "./styles/tokens.css";
import "./styles/base.css";
import { mount } from "svelte";
import App from "./App.svelte";
import { language } from "./i18n/i18n.svelte";
import { keepShell } from "./lib/offline";
import { gate } from "./stores/browser";

const target = document.getElementById("app");
if (!target) throw new Error("index.html has no #app");
// Ready before the first word is drawn, however late that comes: what is only preloaded is dropped again unless it is used soon.
for (const face of ["1em Literata", "italic 1em Literata"]) {
  document.fonts.load(face).catch(() => {
    // It is read in another font.
  });
}
// Nobody reads a page in one language and then in another. Not awaited: the bundler cuts an entry that waits into crumbs.
void language.start().then(() => {
  target.replaceChildren();
  mount(App, { target });
  keepShell(() => !gate.withholds);
});
