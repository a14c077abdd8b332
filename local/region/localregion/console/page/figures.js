// The strip of figures below the picture: each with its last minutes. Also the picture's words for who cannot see it.

import { attribute, h, text } from "./dom.js";
import { count, rate } from "./format.js";
import { history, peak, sparkline } from "./history.js";

const total = (things, figure) => {
  const known = (things ?? []).map(figure).filter(Number.isFinite);
  return known.length ? known.reduce((sum, value) => sum + value, 0) : NaN;
};

const FIGURES = [
  { id: "orders", label: "Orders / s", of: (o) => o.ordersPerSecond, show: rate },
  { id: "errors", label: "Errors / s", of: (o) => o.errorsPerSecond, show: rate, isBad: true },
  { id: "ready", label: "Messages ready", of: (o) => total(o.queues, (q) => q.ready) },
  { id: "unacked", label: "Unacknowledged", of: (o) => total(o.queues, (q) => q.unacknowledged) },
  { id: "outbox", label: "Outbox rows", of: (o) => o.outboxRows },
  { id: "parked", label: "Parked, waiting", of: (o) => o.parkedWaiting, isBad: true },
  { id: "warm", label: "Environments warm", of: (o) => total(o.functions, (f) => f.environments?.warm) },
  { id: "busy", label: "Environments busy", of: (o) => total(o.functions, (f) => f.environments?.busy) },
  { id: "cold", label: "Cold starts", of: (o) => total(o.functions, (f) => f.coldStarts) },
  { id: "failed", label: "Failed invocations", of: (o) => total(o.functions, (f) => f.errors), isBad: true },
];

const histories = new Map(FIGURES.map(({ id }) => [id, history()]));

// Kept up from every view, so that the lines are whole when one comes back to the overview.
export function remember(overview) {
  for (const { id, of } of FIGURES) histories.get(id).add(of(overview));
}

export function figures() {
  const tiles = FIGURES.map(tile);
  const node = h("dl", { class: "figures", "aria-label": "Figures" }, tiles.map((one) => one.node));
  return { node, update: (overview) => tiles.forEach((one) => one.update(overview)) };
}

function tile({ id, label, of, show = count, isBad = false }) {
  const value = h("span", { class: "figure-value" });
  const most = h("span", { class: "figure-peak" });
  const line = sparkline();
  const node = h("div", { class: "figure", "data-figure": id }, h("dt", {}, label), h("dd", {}, value, most, line.node));
  return {
    node,
    update(overview) {
      const { samples } = histories.get(id);
      const now = of(overview);
      text(value, show(now));
      text(most, peak(samples) > 0 ? `max ${show(peak(samples))}` : "");
      attribute(node, "data-bad", isBad && now > 0);
      line.update(samples);
    },
  };
}
