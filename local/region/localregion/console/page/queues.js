// The queues as a table: what waits, what a function holds, and the mapping that takes it.

import { attribute, h, list, text } from "./dom.js";
import { count } from "./format.js";

const COLUMNS = ["Queue", "Ready", "Unacked", "Consumers", "Function", "Mapping"];

export function queuesTable() {
  const body = h("tbody");
  const none = h("p", { class: "quiet", hidden: true }, "No queues.");
  const head = h("tr", {}, ...COLUMNS.map((name) => h("th", { scope: "col", class: name.toLowerCase() }, name)));
  const table = h("table", { class: "rows queues" }, h("caption", { class: "visually-hidden" }, "Queues"), h("thead", {}, head), body);
  return {
    node: h("section", {}, h("h2", {}, "Queues"), none, table),
    show({ queues }) {
      list(body, queues ?? [], ({ name }) => name, row);
      attribute(table, "hidden", !queues?.length);
      attribute(none, "hidden", queues?.length > 0);
    },
  };
}

function row({ name }) {
  const link = h("a");
  const cells = Object.fromEntries(["ready", "unacked", "consumers", "function", "mapping"].map((one) => [one, h("td", { class: one })]));
  cells.function.append(link);
  return {
    node: h("tr", {}, h("td", { class: "queue" }, name), ...Object.values(cells)),
    update({ mapping, ...queue }) {
      text(cells.ready, count(queue.ready));
      text(cells.unacked, count(queue.unacknowledged));
      text(cells.consumers, count(queue.consumers));
      attribute(link, "href", mapping ? `#/functions/${mapping.function}` : null);
      text(link, mapping?.function);
      text(cells.mapping, mapping?.state);
    },
  };
}
