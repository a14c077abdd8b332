// What orders add to the console's page; the platform's file of this name says what may stand here.

import { rate } from "./format.js";
import { latestOrders, orderView, ordersView } from "./orders.js";
import { orderForm } from "./order_form.js";
import { parkedView } from "./parked.js";
import { h } from "./dom.js";
import { system } from "./system.js";

const FIGURES = {
  orders: { id: "orders", label: "Orders / s", of: (o) => o.ordersPerSecond, show: rate },
  outbox: { id: "outbox", label: "Outbox of orders", of: (o) => o.outboxRows },
  invoicesOutbox: { id: "invoices-outbox", label: "Outbox of invoices", of: (o) => o.invoicesOutboxRows },
  parked: { id: "parked", label: "Parked, waiting", of: (o) => o.parkedWaiting, isBad: true },
  unmatched: { id: "unmatched", label: "Unmatched payments", of: (o) => o.unmatchedPayments, isBad: true },
};

const orders = { name: "orders", label: "Orders", view: ordersView, detail: orderView };
const parked = { name: "parked", label: "Parked", view: parkedView, waiting: (overview) => overview.parkedWaiting };

function overview() {
  const latest = latestOrders();
  const form = h("section", { class: "send" }, h("h2", {}, "Send a test order"), orderForm().node);
  return { node: h("div", { class: "columns" }, form, latest.node), refresh: latest.refresh };
}

export default {
  name: "serverless-orders",
  heading: "Orders in, invoices out, payments back",
  views: (own) => [own.overview, orders, own.traces, own.functions, parked],
  figures: (own) => [FIGURES.orders, own.errors, own.ready, own.unacked, FIGURES.outbox, FIGURES.invoicesOutbox, FIGURES.parked, FIGURES.unmatched, own.warm, own.busy, own.cold, own.failed],
  picture: system,
  overview,
  subject: { word: "order", key: "orderId", attribute: "order.id", view: "orders", first: "Send an order from the overview." },
};
