// Runs in the page from its first moment. At every change of the page and at every frame it looks at all messages, and
// notes what must never happen: text taken back or replaced, an element swapped for another, a line that moves. Where
// things stand on the screen counts as it is painted: behind a change the page still has its say before that.
//
// `window.readerScrolls` says that the reader themselves moves what they see; `window.readerActs`, that they have asked
// for something else to be shown (another version, another branch), so that messages may go away or change their places.
(() => {
  const seen = { faults: [], frames: 0, samples: {}, notes: [], violations: [] };
  window.seen = seen;
  let known = new Map();
  let path = location.pathname;
  let height = 0;
  let pressed = false;
  let touched = true;
  let rest = "";

  function look(painted) {
    if (location.pathname !== path) {
      path = location.pathname;
      known = new Map();
    }
    // What asks for the access token stands before the page, which comes back as it was.
    if (document.querySelector(".app[hidden]")) return;
    const shown = new Map();
    // Before the chat has come, a message of one's own that is still to be sent stands alone, and then comes below it.
    const loaded = [...known.values()].some((message) => message.reply);
    let shift = null;
    let carried = null;
    const frame = document.querySelector(".scroller")?.getBoundingClientRect();
    // Where words stand in the log, however deep, counts from its upper edge.
    const edge = document.querySelector(".content")?.getBoundingClientRect().top;
    for (const [place, element] of document.querySelectorAll("article[data-message-id]").entries()) {
      const id = element.dataset.messageId;
      const reply = element.classList.contains("character");
      const words = element.querySelector(".text");
      // While a message of one's own is edited, its words stand in a field.
      if (!words) continue;
      const box = element.getBoundingClientRect();
      const visible = frame !== undefined && box.bottom > frame.top && box.top < frame.bottom;
      const waits = element.dataset.state === "pending";
      const before = known.get(id);
      const screen = painted || !before ? box.top : before.screen;
      const now = { waits, element, place, reply, visible, screen, text: words.textContent, top: words.getBoundingClientRect().top - edge };
      shown.set(id, now);
      if (before) compare(id, before, now);
      // Messages that are put above, or no longer drawn there, shift all others alike. Where they stand on the screen is
      // the tests' to see.
      if (before && place !== before.place) shift ??= now.top - before.top;
      if (before?.visible && loaded && !before.waits) carried ??= before.screen - now.screen;
      if (before && loaded) stay(id, before, now, shift ?? 0);
      if (reply && now.text !== before?.text) (seen.samples[id] ??= []).push(now.text.length);
      const note = reply ? (element.querySelector(".said [aria-live]")?.textContent ?? "") : "";
      if (note && !seen.notes.includes(note)) seen.notes.push(note);
    }
    for (const [id, before] of known) if (!shown.has(id)) departed(id, before, [...shown.values()][before.place]);
    known = shown;
    const scroller = document.querySelector(".scroller");
    if (!scroller || !painted) return;
    // Who follows the end is carried downwards only, and who reads further up is carried nowhere. A button that leaves
    // once it was pressed makes the page shorter, that one time; a banner that leaves gives its place to the messages.
    if (carried < -1 && !window.readerScrolls && !window.readerActs) {
      const atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 2;
      const given = -carried <= scroller.clientHeight - height + 1;
      if (!(pressed || given) || !atEnd) seen.faults.push(["scrolled back", carried]);
      pressed = false;
    }
    height = scroller.clientHeight;
  }

  function compare(id, before, now) {
    if (window.readerActs) return;
    if (!now.text.startsWith(before.text)) seen.faults.push(["taken back", id, before.text, now.text]);
    // A message of one's own is first shown as one on its way; that it changes its element then may not be seen.
    if (before.reply && now.element !== before.element) seen.faults.push(["replaced", id, now.text]);
  }

  /** A reply leaves only for one that begins with its text: what "Continue" and "Try again" put in its place. Or unseen. */
  function departed(id, before, heir) {
    if (window.readerActs || window.readerScrolls || !before.visible || before.waits) return;
    if (!heir?.text.startsWith(before.text)) seen.faults.push(["vanished", id, before.text, heir?.text]);
    else stay(id, before, heir, 0);
  }

  function stay(id, before, now, shift) {
    // What waits to be sent stands below all that is said, wherever that ends, and can be withdrawn.
    if (window.readerActs || window.readerScrolls || before.waits) return;
    const moved = Math.abs(now.top - before.top - shift);
    if (before.text && moved > 1) seen.faults.push(["moved", id, before.top, now.top, now.text]);
  }

  /** Whether anything may stand elsewhere than at the frame before: a page at rest is not gone through again and again. */
  function stirred() {
    const places = [".content", ".scroller"].map((one) => document.querySelector(one)?.getBoundingClientRect());
    const now = JSON.stringify([location.pathname, window.readerActs, window.readerScrolls, places]);
    const stir = touched || now !== rest;
    touched = false;
    rest = now;
    return stir;
  }

  addEventListener("click", () => (pressed = true), true);
  addEventListener("securitypolicyviolation", (event) => {
    seen.violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`);
  });
  new MutationObserver(() => look(false)).observe(document, { subtree: true, childList: true, characterData: true });
  new MutationObserver(() => (touched = true)).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
  (function frame() {
    seen.frames += 1;
    // Of all observers the youngest is called last: behind the page's own, and right before the frame is painted.
    const late = new ResizeObserver(() => {
      late.disconnect();
      if (stirred()) look(true);
    });
    if (document.documentElement) late.observe(document.documentElement);
    requestAnimationFrame(frame);
  })();
})();
