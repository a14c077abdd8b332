// The strip of figures below the picture: each with its last minutes. Also the picture's words for who cannot see it.

import { attribute, h, text } from "./dom.js";
import { count, rate } from "./format.js";
import { history, peak, sparkline } from "./history.js";

const total = (things, figure) => {
  const known = (things ?? []).map(figure).filter(Number.isFinite);
  return known.length ? known.reduce((sum, value) => sum + value, 0) : NaN;
};

// What every system has, by id; `of` takes the overview.
export const FIGURES = {
  errors: { id: "errors", label: "Errors / s", of: (o) => o.errorsPerSecond, show: rate, isBad: true },
  ready: { id: "ready", label: "Messages ready", of: (o) => total(o.queues, (q) => q.ready) },
  unacked: { id: "unacked", label: "Unacknowledged", of: (o) => total(o.queues, (q) => q.unacknowledged) },
  warm: { id: "warm", label: "Environments warm", of: (o) => total(o.functions, (f) => f.environments?.warm) },
  busy: { id: "busy", label: "Environments busy", of: (o) => total(o.functions, (f) => f.environments?.busy) },
  cold: { id: "cold", label: "Cold starts", of: (o) => total(o.functions, (f) => f.coldStarts) },
  failed: { id: "failed", label: "Failed invocations", of: (o) => total(o.functions, (f) => f.errors), isBad: true },
};

// The histories of these figures, kept up from every view, so that the lines are whole when one comes back to `strip`.
export function figures(all) {
  const histories = new Map(all.map(({ id }) => [id, history()]));
  return {
    remember(overview) {
      for (const { id, of } of all) histories.get(id).add(of(overview));
    },
    strip() {
      const tiles = all.map((one) => tile(one, histories.get(one.id)));
      const node = h("dl", { class: "figures", "aria-label": "Figures" }, tiles.map((one) => one.node));
      return { node, update: (overview) => tiles.forEach((one) => one.update(overview)) };
    },
  };
}

function tile({ id, label, of, show = count, isBad = false }, { samples }) {
  const value = h("span", { class: "figure-value" });
  const most = h("span", { class: "figure-peak" });
  const line = sparkline();
  const node = h("div", { class: "figure", "data-figure": id }, h("dt", {}, label), h("dd", {}, value, most, line.node));
  return {
    node,
    update(overview) {
      const now = of(overview);
      text(value, show(now));
      text(most, peak(samples) > 0 ? `max ${show(peak(samples))}` : "");
      attribute(node, "data-bad", isBad && now > 0);
      line.update(samples);
    },
  };
}
