// The frame of a picture of the system, drawn twice: wide for a desk, tall for a phone. What it shows is the project's
// (`extension.js`); figures and states are live. What is down is crossed, dashed and says so: never by colour alone.

import { attribute, s, text } from "./dom.js";

const narrow = matchMedia("(max-width: 960px)");

// `system`: `sizes`, `nodes` and `edges` as they are drawn, and `factsOf(overview, form)`, what they say at the moment.
export function picture(system) {
  const node = s("svg", { class: "picture", role: "group", "aria-label": "The system with its live figures" });
  let drawn = draw(system, node);
  let last = null;
  const update = (overview) => show(drawn, system.factsOf((last = overview), drawn.form));
  narrow.addEventListener("change", () => {
    drawn = draw(system, node);
    if (last) update(last);
  });
  return { node, update };
}

function draw({ sizes, nodes: specs, edges: arrows }, node) {
  const form = narrow.matches ? "tall" : "wide";
  attribute(node, "viewBox", `0 0 ${sizes[form].join(" ")}`);
  attribute(node, "data-form", form);
  const nodes = new Map(specs.map((spec) => [spec.id, drawNode(spec, form)]));
  const edges = new Map(arrows.filter((spec) => spec[form]).map((spec) => [spec.id, drawEdge(spec, form)]));
  const boxes = specs.filter(({ look }) => look === "box").map(({ id }) => nodes.get(id).node);
  const others = specs.filter(({ look }) => look !== "box").map(({ id }) => nodes.get(id).node);
  node.replaceChildren(arrowHead("arrow"), arrowHead("arrow-flowing"), ...boxes, ...[...edges.values()].map((edge) => edge.node), ...others);
  return { form, nodes, edges };
}

function arrowHead(id) {
  const tip = s("path", { d: "M0 .8 6.4 4 0 7.200z", class: id });
  return s("defs", {}, s("marker", { id, viewBox: "0 0 8 8", refX: 6, refY: 4, markerWidth: 8, markerHeight: 8, markerUnits: "userSpaceOnUse", orient: "auto" }, tip));
}

function drawNode(spec, form) {
  const [x, y, width, height] = spec[form];
  const isFunction = spec.look === "function";
  const title = s("text", { class: "node-title", x: 0, y: 0 }, spec.label);
  const lines = [s("text", { class: "node-line" }), s("text", { class: "node-line" })];
  const state = s("text", { class: "node-state", "text-anchor": "end" });
  const shape = s("rect", { class: "shape", x, y, width, height, rx: radius(spec, height) });
  const inner = [shape, ...(spec.look?.startsWith("queue") ? [bars(x, y, width, height)] : []), title, ...lines, state];
  const href = isFunction ? `#/functions/${spec.id}` : spec.href;
  const node = s("g", { class: `node ${spec.look ?? ""}` }, ...(href ? [s("a", { href }, ...inner)] : inner));
  const drawing = { spec, node, title, lines, state, box: [x, y, width, height], form };
  arrange(drawing, 0);
  return drawing;
}

const radius = (spec, height) => (spec.look === "round" ? height / 2 : spec.look === "table" ? 3 : 7);

// The lines at a queue's end that make it one.
function bars(x, y, width, height) {
  const at = [6, 11, 16].map((step) => `M${x + width - step} ${y + 1}V${y + height - 1}`);
  return s("path", { class: "bars", d: at.join("") });
}

// Title and lines stand in the middle, the state in the upper right corner, unless `places` of the form says otherwise.
function arrange({ spec, title, lines, state, box, form }, used) {
  const [x, y, width, height] = box;
  const isBox = spec.look === "box";
  const isCentred = ["round", "outside"].includes(spec.look);
  const { indent = 11, top = 21, stateAt = null } = spec.places?.[form] ?? {};
  const left = isCentred ? x + width / 2 : x + indent;
  const first = isBox ? y + top : y + height / 2 + 4.5 - used * 8;
  for (const [index, node] of [title, ...lines].entries()) {
    attribute(node, "x", left);
    attribute(node, "y", first + (index ? 1 + index * 16 : 0));
    attribute(node, "text-anchor", isCentred ? "middle" : "start");
  }
  attribute(state, "x", stateAt ? x + stateAt[0] : x + width - (isBox ? 12 : 10));
  attribute(state, "y", stateAt ? y + stateAt[1] : first);
  attribute(state, "text-anchor", stateAt?.[2] ?? "end");
}

function drawEdge(spec, form) {
  const path = s("path", { class: "edge-line", d: spec[form], "marker-end": "url(#arrow)" });
  const place = spec.label?.[form];
  const words = place ? s("text", { class: "edge-words", x: place[0], y: place[1], "text-anchor": place[2] ?? "middle" }, spec.words ?? "") : null;
  return { spec, path, words, node: s("g", { class: "edge" }, path, ...(words ? [words] : [])) };
}

function show({ nodes, edges }, facts) {
  for (const drawing of nodes.values()) {
    const { lines = [], isDown = false, isBusy = false, state = "", label } = facts.node(drawing.spec);
    if (label) text(drawing.title, label);
    drawing.lines.forEach((line, index) => text(line, lines[index]));
    arrange(drawing, drawing.spec.look === "box" ? 0 : lines.length);
    text(drawing.state, state);
    attribute(drawing.node, "data-down", isDown);
    attribute(drawing.node, "data-busy", isBusy && !isDown);
  }
  for (const { spec, path, words, node } of edges.values()) {
    const isFlowing = Boolean(facts.flows[spec.flow]);
    attribute(node, "data-flowing", isFlowing);
    attribute(path, "marker-end", isFlowing ? "url(#arrow-flowing)" : "url(#arrow)");
    if (words && spec.id in facts.words) text(words, facts.words[spec.id]);
  }
}
