// The first view: picture, figures, the states of the parts, the latest orders and a form that sends one.

import { get } from "./api.js";
import { attribute, h, list, text } from "./dom.js";
import { figures } from "./figures.js";
import { orderForm } from "./order_form.js";
import { orderTable } from "./orders.js";
import { isDownState, picture, stateOf } from "./picture.js";

const LATEST = 8;

export function overviewView() {
  const drawing = picture();
  const strip = figures();
  const parts = h("ul", { class: "parts", "aria-label": "Parts" });
  const table = orderTable("The latest orders");
  const none = h("p", { class: "quiet" }, "No orders yet.");
  const node = h(
    "section",
    { class: "view overview" },
    h("header", { class: "view-head" }, h("h1", {}, "Orders in, invoices out"), parts),
    h("div", { class: "picture-frame" }, drawing.node),
    strip.node,
    h(
      "div",
      { class: "columns" },
      h("section", { class: "send" }, h("h2", {}, "Send a test order"), orderForm().node),
      h("section", {}, h("h2", {}, "Latest orders"), none, table.node, h("p", { class: "more" }, h("a", { href: "#/orders" }, "All orders"))),
    ),
  );
  return {
    node,
    title: "Overview",
    show(overview) {
      drawing.update(overview);
      strip.update(overview);
      list(parts, partsOf(overview), ({ name }) => name, part);
    },
    async refresh(signal) {
      const { orders } = await get(`api/orders?limit=${LATEST}`, signal);
      table.update(orders);
      attribute(table.node, "hidden", !orders.length);
      attribute(none, "hidden", orders.length > 0);
    },
  };
}

export function partsOf(overview) {
  return Object.keys(overview.parts ?? {}).map((name) => ({ name, state: stateOf(overview, name), detail: overview.parts[name].detail }));
}

function part({ name }) {
  const node = h("li");
  return {
    node,
    update({ state, detail }) {
      const isDown = isDownState(state);
      text(node, `${isDown ? "✕" : "●"} ${name} ${state}`);
      attribute(node, "title", detail);
      attribute(node, "data-state", isDown ? "down" : "up");
    },
  };
}
