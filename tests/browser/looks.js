// What a person would see to be wrong with the page as it stands: text cut off sideways, text too faint to read.
() => {
  const faults = [];
  const name = (element) => `${element.tagName.toLowerCase()}.${[...element.classList].join(".")}`;
  const visible = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const ownText = (element) =>
    [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data).join("").trim();

  for (const element of document.querySelectorAll("*")) {
    const sideways = getComputedStyle(element).overflowX;
    const scrolls = element === document.documentElement || ["auto", "scroll"].includes(sideways);
    // Code keeps its lines and scrolls by itself, and so does a field.
    if (!scrolls || ["PRE", "TEXTAREA"].includes(element.tagName)) continue;
    if (element.scrollWidth > element.clientWidth) faults.push(`${name(element)} scrolls sideways`);
  }

  for (const element of document.querySelectorAll("body *")) {
    const text = ownText(element);
    if (!text || !visible(element) || element.closest(".visually-hidden, :disabled, [hidden], noscript")) continue;
    const box = element.getBoundingClientRect();
    if ((box.left < -1 || box.right > innerWidth + 1) && !shortened(element)) faults.push(`${name(element)} leaves the page: ${text.slice(0, 40)}`);
    const style = getComputedStyle(element);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
    const ratio = contrast(channels(style.color), ground(element));
    if (ratio < (large ? 3 : 4.5)) faults.push(`${name(element)} has a contrast of ${ratio.toFixed(2)}: ${text.slice(0, 40)}`);
  }
  return faults;

  /** Cut off on purpose, with dots that say so. */
  function shortened(element) {
    for (let at = element; at; at = at.parentElement) if (getComputedStyle(at).textOverflow === "ellipsis") return true;
    return false;
  }

  function channels(colour) {
    const [red, green, blue, alpha = 1] = colour.match(/[\d.]+/g).map(Number);
    return { red, green, blue, alpha };
  }

  /** The first opaque colour behind the text; what lies on it is half clear only where nothing is written. */
  function ground(element) {
    for (let at = element; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour.alpha === 1) return colour;
    }
    return { red: 255, green: 255, blue: 255 };
  }

  /** WCAG 2.2, "contrast ratio". */
  function contrast(one, other) {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  }

  function luminance({ red, green, blue }) {
    const [r, g, b] = [red, green, blue].map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }
}
