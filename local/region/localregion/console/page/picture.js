// The system's picture, drawn by hand twice: wide for a desk, tall for a phone. Its figures and states are live.
// What is down is crossed, dashed and says so: never by colour alone.

import { attribute, s, text } from "./dom.js";
import { count, plural, rate, UNKNOWN } from "./format.js";

// Where things stand, [x, y, width, height]; `part` is who is up or down, `href` where a click leads.
const NODES = [
  { id: "client", label: "client", wide: [4, 42, 70, 52], tall: [8, 4, 196, 34], look: "outside" },
  { id: "kong", label: "Kong", part: "gateway", wide: [170, 34, 128, 68], tall: [8, 78, 196, 54] },
  { id: "get_order", label: "get_order", look: "function", wide: [170, 186, 128, 64], tall: [44, 160, 160, 58] },
  { id: "create_order", label: "create_order", look: "function", wide: [376, 34, 150, 68], tall: [8, 248, 196, 58] },
  { id: "rabbitmq", label: "RabbitMQ", part: "rabbitmq", look: "box", wide: [590, 6, 316, 146], tall: [8, 424, 196, 184] },
  { id: "exchange", label: "exchange", look: "round", part: "rabbitmq", wide: [602, 44, 100, 48], tall: [20, 454, 172, 38] },
  { id: "queue", label: "order-created", look: "queue", part: "rabbitmq", wide: [738, 38, 158, 60], tall: [20, 508, 172, 60] },
  { id: "dead", label: "dead-letter", look: "queue small", part: "rabbitmq", wide: [738, 110, 158, 32], tall: [20, 574, 172, 28] },
  { id: "mapping", label: "mapping", look: "round", part: "emulator", wide: [932, 46, 84, 44], tall: [54, 632, 104, 40] },
  { id: "invoice_consumer", label: "invoice_consumer", look: "function", wide: [1042, 34, 150, 68], tall: [8, 700, 196, 58] },
  { id: "outbox_relay", label: "outbox_relay", look: "function", wide: [590, 196, 150, 64], tall: [44, 336, 160, 58] },
  { id: "operations", label: "operations", look: "function", wide: [862, 196, 138, 64], tall: [8, 792, 196, 58] },
  { id: "postgres", label: "Postgres", part: "postgres", look: "box", wide: [170, 318, 1022, 72], tall: [244, 160, 110, 704] },
  { id: "orders", label: "orders", look: "table", part: "postgres", wide: [376, 334, 116, 44], tall: [251, 196, 96, 80], href: "#/orders" },
  { id: "outbox", label: "outbox", look: "table", part: "postgres", wide: [500, 334, 300, 44], tall: [251, 284, 96, 106] },
  { id: "parked", label: "parked", look: "table", part: "postgres", wide: [862, 334, 138, 44], tall: [251, 746, 96, 92], href: "#/parked" },
  { id: "invoices", label: "invoices", look: "table", part: "postgres", wide: [1042, 334, 136, 44], tall: [251, 640, 96, 98] },
];

// Arrows; `flow` says when something moves along one, `label` where its words stand.
const EDGES = [
  { id: "in", flow: "orders", wide: "M74 68H168", tall: "M106 38V76", label: { wide: [121, 58], tall: [116, 61, "start"] } },
  { id: "create", flow: "orders", wide: "M298 68H374", tall: "M26 132V246", label: { wide: [336, 58], tall: null }, words: "invoke" },
  { id: "get", flow: "get_order", wide: "M234 102V184", tall: "M124 132V158" },
  { id: "read", flow: "get_order", wide: "M234 250V316", tall: "M204 190H242" },
  { id: "insert", flow: "orders", wide: "M434 102V332", tall: "M204 262H249", label: { wide: [426, 214, "end"], tall: null }, words: "one transaction" },
  { id: "outboxed", flow: "orders", wide: "M512 102V332", tall: "M204 296H249" },
  { id: "publish", flow: "orders", wide: "M526 68H600", tall: "M26 306V452", label: { wide: [558, 58], tall: null }, words: "publish" },
  { id: "due", flow: "outbox_relay", wide: "M652 334V262", tall: "M251 366H206" },
  { id: "relayed", flow: "outbox_relay", wide: "M652 196V94", tall: "M124 394V452" },
  { id: "route", flow: "orders", wide: "M702 68H736", tall: "M106 492V506" },
  { id: "take", flow: "invoice_consumer", wide: "M896 68H930", tall: "M106 602V630" },
  { id: "batch", flow: "invoice_consumer", wide: "M1016 68H1040", tall: "M106 672V698" },
  { id: "issue", flow: "invoice_consumer", wide: "M1110 102V332", tall: "M204 716H249" },
  { id: "park", wide: "M1064 102V290H980V332", tall: "M204 750H249" },
  { id: "look", flow: "operations", wide: "M916 260V332", tall: "M204 820H249" },
  { id: "replay", flow: "operations", wide: "M862 228H770V332", tall: null, label: { wide: [816, 220] }, words: "replay" },
];

const narrow = matchMedia("(max-width: 960px)");

export function picture() {
  const node = s("svg", { class: "picture", role: "group", "aria-label": "The system with its live figures" });
  let drawn = draw(node);
  let last = null;
  narrow.addEventListener("change", () => {
    drawn = draw(node);
    if (last) show(drawn, last);
  });
  return { node, update: (overview) => show(drawn, (last = overview)) };
}

function draw(node) {
  const form = narrow.matches ? "tall" : "wide";
  attribute(node, "viewBox", form === "tall" ? "0 0 360 870" : "0 0 1196 396");
  attribute(node, "data-form", form);
  const nodes = new Map(NODES.map((spec) => [spec.id, drawNode(spec, form)]));
  const edges = new Map(EDGES.filter((spec) => spec[form]).map((spec) => [spec.id, drawEdge(spec, form)]));
  const boxes = NODES.filter(({ look }) => look === "box").map(({ id }) => nodes.get(id).node);
  const others = NODES.filter(({ look }) => look !== "box").map(({ id }) => nodes.get(id).node);
  node.replaceChildren(arrowHead("arrow"), arrowHead("arrow-flowing"), ...boxes, ...[...edges.values()].map((edge) => edge.node), ...others);
  return { nodes, edges };
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

// Title and lines stand in the middle, the state in the upper right corner.
function arrange({ spec, title, lines, state, box, form }, used) {
  const [x, y, width, height] = box;
  const isBox = spec.look === "box";
  const isCentred = ["round", "outside"].includes(spec.look);
  // In the tall picture an arrow passes the corner of RabbitMQ's box.
  const left = isCentred ? x + width / 2 : x + (isBox && form === "tall" && spec.id === "rabbitmq" ? 30 : 11);
  const first = isBox ? (form === "wide" && spec.id === "postgres" ? y + 40 : y + 21) : y + height / 2 + 4.5 - used * 8;
  for (const [index, node] of [title, ...lines].entries()) {
    attribute(node, "x", left);
    attribute(node, "y", first + (index ? 1 + index * 16 : 0));
    attribute(node, "text-anchor", isCentred ? "middle" : "start");
  }
  attribute(state, "x", x + width - (isBox ? 12 : 10));
  attribute(state, "y", isBox && spec.id === "postgres" ? (form === "wide" ? y + 58 : y + height - 6) : first);
  if (isBox && spec.id === "postgres" && form === "wide") {
    attribute(state, "x", left);
    attribute(state, "text-anchor", "start");
  }
}

function drawEdge(spec, form) {
  const path = s("path", { class: "edge-line", d: spec[form], "marker-end": "url(#arrow)" });
  const place = spec.label?.[form];
  const words = place ? s("text", { class: "edge-words", x: place[0], y: place[1], "text-anchor": place[2] ?? "middle" }, spec.words ?? "") : null;
  return { spec, path, words, node: s("g", { class: "edge" }, path, ...(words ? [words] : [])) };
}

function show({ nodes, edges }, overview) {
  const facts = factsOf(overview);
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
    if (words && spec.id === "in") text(words, `${rate(overview.ordersPerSecond)} orders/s`);
  }
}

// What the overview says of each node, in at most two short lines.
function factsOf(overview) {
  const functions = new Map((overview.functions ?? []).map((one) => [one.name, one]));
  const queues = overview.queues ?? [];
  const dead = queues.find(({ name }) => /dead-letter/.test(name));
  const queue = queues.find((one) => one !== dead && one.mapping) ?? queues.find((one) => one !== dead);
  const isDown = (part) => part && isDownState(stateOf(overview, part));
  const busy = (name) => (functions.get(name)?.environments?.busy ?? 0) > 0;
  const special = {
    client: () => ({}),
    kong: () => ({ lines: [`${rate(overview.errorsPerSecond)} errors/s`] }),
    exchange: () => ({ lines: ["orders"] }),
    queue: () => ({ label: shortName(queue?.name) ?? "queue", lines: queueLines(queue), isBusy: queue?.unacknowledged > 0 }),
    dead: () => ({ label: `dead-letter ${count(dead?.ready)}`, isBusy: dead?.ready > 0 }),
    mapping: () => ({ lines: [queue?.mapping?.state ?? UNKNOWN] }),
    outbox: () => ({ lines: outbox(overview), isBusy: overview.outboxRows > 0 }),
    parked: () => ({ lines: [`${count(overview.parkedWaiting)} waiting`], isBusy: overview.parkedWaiting > 0 }),
  };
  return {
    node(spec) {
      const found = spec.look === "function" ? functionFacts(functions.get(spec.id)) : (special[spec.id]?.() ?? {});
      const down = isDown(spec.look === "function" ? "emulator" : spec.part);
      const says = spec.part && ["kong", "rabbitmq", "postgres"].includes(spec.id);
      return { ...found, isDown: down, state: down && (says || spec.look === "function") ? "✕ down" : says ? `● ${stateOf(overview, spec.part)}` : "" };
    },
    flows: {
      orders: overview.ordersPerSecond > 0,
      invoice_consumer: busy("invoice_consumer") || queue?.unacknowledged > 0,
      get_order: busy("get_order"),
      outbox_relay: busy("outbox_relay"),
      operations: busy("operations"),
    },
  };
}

export const stateOf = (overview, part) => overview.parts?.[part]?.state ?? (part === "gateway" ? overview.gateway?.state : null) ?? UNKNOWN;

export const isDownState = (state) => !["up", "running", "ready", "healthy", "ok", UNKNOWN].includes(String(state).toLowerCase());

const shortName = (name) => name?.replace(/^[^.]+\./, "");

const queueLines = (queue) => [`${count(queue?.ready)} ready`, `${count(queue?.unacknowledged)} unacked`];

function outbox({ outboxRows, oldestOutboxSeconds }) {
  const rows = plural(outboxRows, "row");
  if (!outboxRows || !Number.isFinite(oldestOutboxSeconds)) return [rows];
  const oldest = `oldest ${Math.round(oldestOutboxSeconds)} s`;
  return narrow.matches ? [rows, oldest] : [`${rows}, ${oldest}`];
}

function functionFacts(one) {
  if (!one) return {};
  const { warm, busy } = one.environments ?? {};
  const errors = one.errors ? ` · ${plural(one.errors, "error")}` : "";
  return { lines: [`${count(warm)} warm · ${count(busy)} busy`, `${count(one.coldStarts)} cold${errors}`], isBusy: busy > 0 };
}
