// Building and updating elements. Every value becomes a text node or an attribute, never markup, so a hostile name in
// the data stays a name.

const SVG = "http://www.w3.org/2000/svg";

/** An element: `h("a", {href, class, onclick}, child, "text", …)`. Children that are null or false are left out. */
export function h(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** The same for SVG. */
export function svg(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "vars") setVariables(element, value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat()) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return element;
}

/** Sets CSS custom properties through the object model: the page's policy forbids style attributes. */
export function setVariables(element, variables) {
  for (const [name, value] of Object.entries(variables)) element.style.setProperty(name, String(value));
}

/** Replaces the text only where it differs, so that a selection or a screen reader is not disturbed by each poll. */
export function setText(element, text) {
  const wanted = String(text);
  if (element.textContent !== wanted) element.textContent = wanted;
}

/** Replaces all children. */
export function replace(element, ...children) {
  element.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
}

/**
 * Makes `parent`'s children mirror `items`, keeping the element of an item that was there before: focus, scroll position
 * and selection survive a poll. `create(item)` gives `{element, update(item)}`.
 */
export function mirror(parent, items, key, create) {
  const known = parent.mirrored ?? new Map();
  const next = new Map();
  let cursor = parent.firstElementChild;
  for (const item of items) {
    const id = key(item);
    if (next.has(id)) continue;
    const entry = known.get(id) ?? create(item);
    next.set(id, entry);
    if (entry.element === cursor) cursor = cursor.nextElementSibling;
    else parent.insertBefore(entry.element, cursor);
    entry.update(item);
  }
  for (const [id, entry] of known) if (!next.has(id)) entry.element.remove();
  parent.mirrored = next;
}

/** A block of shell text with a button that copies it. */
export function shell(text) {
  const button = h("button", { type: "button", class: "quiet copy", onclick: copy }, "Copy");
  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      setText(button, "Copied");
    } catch {
      setText(button, "Select and copy by hand");
    }
    setTimeout(() => setText(button, "Copy"), 2000);
  }
  return h("div", { class: "shell" }, h("pre", { tabindex: 0 }, h("code", {}, text)), button);
}

/** A table inside a box that scrolls sideways on a small screen and can be reached by the keyboard. */
export function table(caption, headings, body) {
  const cells = headings.map((heading) =>
    h("th", { scope: "col", class: heading.class }, heading.text ?? heading));
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    h("table", {}, h("caption", { class: "hidden" }, caption), h("thead", {}, h("tr", {}, cells)), body));
}
