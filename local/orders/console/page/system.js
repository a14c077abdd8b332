// This system as the picture shows it: where its nodes and arrows stand is places.js', here is what each says now.

import { count, plural, rate, UNKNOWN } from "./format.js";
import { functionFacts, isDownState, queueLines, stateOf } from "./parts.js";
import { EDGES, NODES, SIZES } from "./places.js";

const QUEUES = { created: "invoices.order-created", canceled: "invoices.order-canceled", changed: "orders.invoice-changed" };
const FUNCTIONS = ["create_order", "cancel_order", "get_order", "record_payment", "invoice_consumer", "order_updater", "outbox_relay", "invoices_relay", "operations"];

// What the overview says of each node, in at most two short lines.
function factsOf(overview, form) {
  const functions = new Map((overview.functions ?? []).map((one) => [one.name, one]));
  const queues = new Map((overview.queues ?? []).map((one) => [one.name, one]));
  const dead = [...queues.values()].filter(({ name }) => /dead-letter/.test(name)).map(({ ready }) => ready);
  const letters = dead.length && dead.every(Number.isFinite) ? dead.reduce((sum, ready) => sum + ready, 0) : undefined;
  const waiting = (overview.parkedWaiting ?? 0) > 0;
  const queue = (id) => ({ lines: queueLines(queues.get(QUEUES[id])), isBusy: queues.get(QUEUES[id])?.unacknowledged > 0 });
  const mapping = (...ids) => ({ lines: [mappingWords(ids.map((id) => queues.get(QUEUES[id])?.mapping?.state ?? UNKNOWN))] });
  const special = {
    kong: () => ({ lines: [`${rate(overview.errorsPerSecond)} errors/s`] }),
    exchange: () => ({ lines: ["orders"] }),
    invoices_exchange: () => ({ lines: ["invoices"] }),
    created: () => queue("created"),
    canceled: () => queue("canceled"),
    changed: () => queue("changed"),
    dead: () => ({ label: `dead letters ${count(letters)}`, isBusy: letters > 0 }),
    mapping: () => mapping("created", "canceled"),
    changed_mapping: () => mapping("changed"),
    outbox: () => ({ lines: outbox(overview.outboxRows, overview.oldestOutboxSeconds), isBusy: overview.outboxRows > 0 }),
    invoices_outbox: () => ({ lines: outbox(overview.invoicesOutboxRows, overview.oldestInvoicesOutboxSeconds), isBusy: overview.invoicesOutboxRows > 0 }),
    parked: () => ({ lines: [`${count(overview.parkedWaiting)} waiting`], isBusy: waiting }),
    payments: () => ({ lines: unmatched(overview.unmatchedPayments, form), isBusy: overview.unmatchedPayments > 0 }),
  };
  const isBusy = (name) => (functions.get(name)?.environments?.busy ?? 0) > 0;
  const flows = Object.fromEntries(FUNCTIONS.map((name) => [name, isBusy(name)]));
  return {
    node(spec) {
      const isFunction = spec.look === "function";
      const found = isFunction ? functionFacts(functions.get(spec.id)) : (special[spec.id]?.() ?? {});
      const part = isFunction ? "emulator" : spec.part;
      const isDown = Boolean(part) && isDownState(stateOf(overview, part));
      const says = ["kong", "rabbitmq", "postgres"].includes(spec.id);
      return { ...found, isDown, state: isDown && (says || isFunction) ? "✕ down" : says ? `● ${stateOf(overview, spec.part)}` : "" };
    },
    words: { in: `${rate(overview.ordersPerSecond)} orders/s` },
    flows: {
      ...flows,
      orders: overview.ordersPerSecond > 0,
      invoice_consumer: flows.invoice_consumer || queue("created").isBusy || queue("canceled").isBusy,
      order_updater: flows.order_updater || queue("changed").isBusy,
    },
  };
}

// One word for mappings that stand for one: their common state, or that of the first that is not enabled.
const mappingWords = (states) => states.find((state) => state !== "Enabled") ?? "Enabled";

function outbox(count, oldestSeconds) {
  const rows = plural(count, "row");
  return count && Number.isFinite(oldestSeconds) ? [rows, `oldest ${Math.round(oldestSeconds)} s`] : [rows];
}

function unmatched(payments, form) {
  if (!payments) return [];
  return form === "tall" ? [count(payments), "unmatched"] : [`${count(payments)} unmatched`];
}

export const system = { sizes: SIZES, nodes: NODES, edges: EDGES, factsOf };
