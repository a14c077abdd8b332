// This system as the picture shows it: its nodes and arrows, placed by hand, and what each says at the moment.

import { count, plural, rate, UNKNOWN } from "./format.js";
import { functionFacts, isDownState, queueLines, stateOf } from "./parts.js";

// Where things stand, [x, y, width, height]; `part` is who is up or down, `href` where a click leads.
const NODES = [
  { id: "client", label: "client", wide: [4, 42, 70, 52], tall: [8, 4, 196, 34], look: "outside" },
  { id: "kong", label: "Kong", part: "gateway", wide: [170, 34, 128, 68], tall: [8, 78, 196, 54] },
  { id: "get_order", label: "get_order", look: "function", wide: [170, 186, 128, 64], tall: [44, 160, 160, 58] },
  { id: "create_order", label: "create_order", look: "function", wide: [376, 34, 150, 68], tall: [8, 248, 196, 58] },
  { id: "rabbitmq", label: "RabbitMQ", part: "rabbitmq", look: "box", wide: [590, 6, 316, 146], tall: [8, 424, 196, 184], places: { tall: { indent: 30 } } },
  { id: "exchange", label: "exchange", look: "round", part: "rabbitmq", wide: [602, 44, 100, 48], tall: [20, 454, 172, 38] },
  { id: "queue", label: "order-created", look: "queue", part: "rabbitmq", wide: [738, 38, 158, 60], tall: [20, 508, 172, 60] },
  { id: "dead", label: "dead-letter", look: "queue small", part: "rabbitmq", wide: [738, 110, 158, 32], tall: [20, 574, 172, 28] },
  { id: "mapping", label: "mapping", look: "round", part: "emulator", wide: [932, 46, 84, 44], tall: [54, 632, 104, 40] },
  { id: "invoice_consumer", label: "invoice_consumer", look: "function", wide: [1042, 34, 150, 68], tall: [8, 700, 196, 58] },
  { id: "outbox_relay", label: "outbox_relay", look: "function", wide: [590, 196, 150, 64], tall: [44, 336, 160, 58] },
  { id: "operations", label: "operations", look: "function", wide: [862, 196, 138, 64], tall: [8, 792, 196, 58] },
  { id: "postgres", label: "Postgres", part: "postgres", look: "box", wide: [170, 318, 1022, 72], tall: [244, 160, 110, 704], places: { wide: { top: 40, stateAt: [11, 58, "start"] }, tall: { stateAt: [98, 698] } } },
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

// What the overview says of each node, in at most two short lines.
function factsOf(overview, form) {
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
    outbox: () => ({ lines: outbox(overview, form), isBusy: overview.outboxRows > 0 }),
    parked: () => ({ lines: [`${count(overview.parkedWaiting)} waiting`], isBusy: overview.parkedWaiting > 0 }),
  };
  return {
    node(spec) {
      const found = spec.look === "function" ? functionFacts(functions.get(spec.id)) : (special[spec.id]?.() ?? {});
      const down = isDown(spec.look === "function" ? "emulator" : spec.part);
      const says = spec.part && ["kong", "rabbitmq", "postgres"].includes(spec.id);
      return { ...found, isDown: down, state: down && (says || spec.look === "function") ? "✕ down" : says ? `● ${stateOf(overview, spec.part)}` : "" };
    },
    words: { in: `${rate(overview.ordersPerSecond)} orders/s` },
    flows: {
      orders: overview.ordersPerSecond > 0,
      invoice_consumer: busy("invoice_consumer") || queue?.unacknowledged > 0,
      get_order: busy("get_order"),
      outbox_relay: busy("outbox_relay"),
      operations: busy("operations"),
    },
  };
}

const shortName = (name) => name?.replace(/^[^.]+\./, "");

function outbox({ outboxRows, oldestOutboxSeconds }, form) {
  const rows = plural(outboxRows, "row");
  if (!outboxRows || !Number.isFinite(oldestOutboxSeconds)) return [rows];
  const oldest = `oldest ${Math.round(oldestOutboxSeconds)} s`;
  return form === "tall" ? [rows, oldest] : [`${rows}, ${oldest}`];
}

export const system = { sizes: { wide: [1196, 396], tall: [360, 870] }, nodes: NODES, edges: EDGES, factsOf };
