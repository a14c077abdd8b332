// Elements made once and updated in place: nothing is drawn anew, so focus, scroll and selection stay where they are.
// Text only ever becomes text: there is no markup from data anywhere on this page.

const SVG = "http://www.w3.org/2000/svg";

// Make an HTML element; attributes that are functions listen to the event that they are named after.
export function h(tag, attributes, ...children) {
  return dressed(document.createElement(tag), attributes, children);
}

export function s(tag, attributes, ...children) {
  return dressed(document.createElementNS(SVG, tag), attributes, children);
}

function dressed(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (typeof value === "function") node.addEventListener(name, value);
    else attribute(node, name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

// Set an attribute only when it differs; null, undefined and false take it away.
export function attribute(node, name, value) {
  if (value === null || value === undefined || value === false) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
    return;
  }
  const wanted = value === true ? "" : String(value);
  if (node.getAttribute(name) !== wanted) node.setAttribute(name, wanted);
}

export function text(node, value) {
  const wanted = String(value ?? "");
  if (node.textContent !== wanted) node.textContent = wanted;
}

// Through CSSOM: the console's Content-Security-Policy forbids style attributes in markup.
export function property(node, name, value) {
  if (node.style.getPropertyValue(name) !== String(value)) node.style.setProperty(name, value);
}

const known = new WeakMap();

// Give a parent one child per item, by key: `make(item)` returns {node, update(item)} for a new one. Nodes that stay
// are not touched, so that what is in front of them moves and they do not.
export function list(parent, items, key, make) {
  const before = known.get(parent) ?? new Map();
  const after = new Map();
  for (const item of items) {
    const name = key(item);
    if (!after.has(name)) after.set(name, before.get(name) ?? make(item));
  }
  for (const [name, entry] of before) if (!after.has(name)) entry.node.remove();
  let cursor = parent.firstChild;
  for (const { node } of after.values()) {
    if (node === cursor) cursor = cursor.nextSibling;
    else parent.insertBefore(node, cursor);
  }
  known.set(parent, after);
  for (const item of items) after.get(key(item)).update?.(item);
}

// A `<time>` that says how long ago it is; `tick` keeps all of them right.
export function ago(moment) {
  const node = h("time", { class: "ago" });
  setAgo(node, moment);
  return node;
}

export function setAgo(node, moment) {
  attribute(node, "datetime", moment);
  attribute(node, "title", moment ? new Date(moment).toLocaleString() : null);
  text(node, moment ? age(Date.now() - Date.parse(moment)) : "–");
}

export function tick() {
  for (const node of document.querySelectorAll("time.ago[datetime]")) setAgo(node, node.getAttribute("datetime"));
}

function age(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 2) return "now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} d ago`;
}
