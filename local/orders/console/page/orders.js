// Orders: the list, newest first, and one order with its facts above its trace.

import { Refused, get, post } from "./api.js";
import { ago, attribute, h, list, setAgo, text } from "./dom.js";
import { plural, short, visible } from "./format.js";
import { money } from "./money.js";
import { traceBody } from "./trace.js";

const SHOWN = 100;
const LATEST = 8;
const ORDER_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

// A state as sign and word; the sign alone tells them apart, too.
const SIGNS = { paid: "●", invoiced: "✓", paying: "…", canceled: "✕", pending: "…", "waiting for the relay": "↻", parked: "‖" };

function stateMark(name) {
  const node = h("span", { class: "state" });
  setState(node, name);
  return node;
}

function setState(node, name) {
  text(node, name ? `${SIGNS[name] ?? "·"} ${name}` : "–");
  attribute(node, "data-state", name);
}

// The rows of a table of orders: Enter on the order's id opens it, and so does a click anywhere on the row.
function orderTable(caption) {
  const body = h("tbody");
  const head = h("tr", {}, ...["State", "Order", "Customer", "Amount", "Age"].map((name) => h("th", { scope: "col", class: name.toLowerCase() }, name)));
  const node = h("table", { class: "rows orders" }, h("caption", { class: "visually-hidden" }, caption), h("thead", {}, head), body);
  return { node, update: (orders) => list(body, orders, ({ orderId }) => orderId, orderRow) };
}

function orderRow({ orderId, createdAt }) {
  const state = stateMark();
  const link = h("a", { href: `#/orders/${orderId}`, title: orderId, class: "id" }, h("span", { class: "whole" }, orderId), h("span", { class: "brief", "aria-hidden": "true" }, short(orderId)));
  const customer = h("td", { class: "customer" });
  const amount = h("td", { class: "amount" });
  const age = ago(createdAt);
  const open = (event) => {
    if (!event.target.closest("a") && !String(getSelection())) link.click();
  };
  const node = h("tr", { click: open }, h("td", { class: "state" }, state), h("td", { class: "order" }, link), customer, amount, h("td", { class: "age" }, age));
  return {
    node,
    update(order) {
      setState(state, order.state);
      text(customer, order.customer?.id);
      text(amount, money(order.amount, order.currency));
      setAgo(age, order.createdAt);
    },
  };
}

export function ordersView() {
  const filter = h("input", { type: "search", id: "order-filter", placeholder: "part of an order id", autocomplete: "off", spellcheck: "false" });
  const said = h("p", { class: "quiet", "aria-live": "polite" });
  const table = orderTable("Recent orders, newest first");
  const node = h("section", { class: "view" }, h("header", { class: "view-head" }, h("h1", {}, "Orders"), h("label", { class: "filter", for: "order-filter" }, "Filter by order id", filter)), said, table.node);
  let all = [];
  let found = null;

  function show() {
    const wanted = filter.value.trim().toLowerCase();
    const shown = all.filter(({ orderId }) => orderId.toLowerCase().includes(wanted));
    if (!shown.length && found?.orderId.toLowerCase() === wanted) shown.push(found);
    table.update(shown);
    attribute(table.node, "hidden", !shown.length);
    text(said, summary(shown.length, all.length, wanted));
  }

  // An order that is too old for the list is still found by its whole id.
  async function look(signal) {
    const wanted = filter.value.trim();
    if (!ORDER_ID.test(wanted) || all.some(({ orderId }) => orderId === wanted.toLowerCase())) return;
    found = await get(`api/orders/${wanted.toLowerCase()}`, signal).catch(unlessRefused);
  }

  filter.addEventListener("input", show);
  return {
    node,
    title: "Orders",
    async refresh(signal) {
      ({ orders: all } = await get(`api/orders?limit=${SHOWN}`, signal));
      await look(signal);
      show();
    },
  };
}

// The newest few, for the overview.
export function latestOrders() {
  const table = orderTable("The latest orders");
  const none = h("p", { class: "quiet" }, "No orders yet.");
  const node = h("section", {}, h("h2", {}, "Latest orders"), none, table.node, h("p", { class: "more" }, h("a", { href: "#/orders" }, "All orders")));
  return {
    node,
    async refresh(signal) {
      const { orders } = await get(`api/orders?limit=${LATEST}`, signal);
      table.update(orders);
      attribute(table.node, "hidden", !orders.length);
      attribute(none, "hidden", orders.length > 0);
    },
  };
}

function unlessRefused(error) {
  if (error instanceof Refused && error.status === 404) return null;
  throw error;
}

function summary(shown, all, wanted) {
  if (!all) return "No orders yet. Send one from the overview.";
  if (!wanted) return `The latest ${plural(all, "order")}.`;
  return shown ? `${shown} of the latest ${plural(all, "order")}.` : "No order with this id.";
}

export function orderView(orderId) {
  const state = stateMark();
  const facts = h("dl", { class: "facts" });
  const trace = traceBody();
  const actions = actionsOf(orderId);
  const said = h("p", { class: "quiet", "aria-live": "polite" }, "Looking…");
  const node = h("section", { class: "view" }, h("header", { class: "view-head" }, h("h1", {}, "Order ", h("code", {}, orderId)), state), facts, actions.node, said, trace.node);

  function show(order) {
    setState(state, order.state);
    const { invoice } = order;
    const rows = [
      ["Amount", money(order.amount, order.currency)],
      ["Customer", order.customer?.id],
      ["Status", order.status],
      ...(order.reference ? [["Reference", visible(order.reference)]] : []),
      ["Created", order.createdAt, true],
      ["Invoice", invoice ? `no. ${invoice.number}, ${invoice.status}` : "none yet"],
      ...(invoice ? [["Issued", invoice.issuedAt, true]] : []),
      ...(invoice?.paidAmount || order.payments.length ? [["Paid", paidWords(order)]] : []),
      ...(invoice?.creditNote ? [["Credit note", `no. ${invoice.creditNote.number}`]] : []),
      ...(order.updatedAt !== order.createdAt ? [["Changed", order.updatedAt, true]] : []),
    ];
    list(facts, rows, ([name]) => name, fact);
    actions.update(order);
  }

  return {
    node,
    title: `Order ${short(orderId)}`,
    async refresh(signal) {
      const order = await get(`api/orders/${encodeURIComponent(orderId)}`, signal).catch(unlessRefused);
      attribute(trace.node, "hidden", !order?.traceId);
      if (!order) return text(said, "There is no such order.");
      show(order);
      text(said, order.traceId ? "" : "No trace of this order is known: it is older than the console's memory, or was not sampled.");
      if (order.traceId) await trace.refresh(order.traceId, signal);
    },
  };
}

function paidWords({ invoice, payments }) {
  const refunds = payments.reduce((sum, one) => sum + one.refunds.length, 0);
  const of = [plural(payments.length, "payment"), ...(refunds ? [plural(refunds, "refund")] : [])].join(", ");
  return `${money(invoice.paidAmount, invoice.currency)} by ${of}`;
}

// Pay what is open, or cancel, each while it makes sense; below the buttons what came of it.
function actionsOf(orderId) {
  const outcome = h("p", { class: "outcome", role: "status" });
  const pay = h("button", { type: "button", class: "pay", hidden: true, click: () => act("pay") });
  const cancel = h("button", { type: "button", class: "plain cancel", hidden: true, click: () => act("cancel") }, "Cancel order");

  async function act(name) {
    if (pay.getAttribute("aria-disabled")) return;
    for (const button of [pay, cancel]) attribute(button, "aria-disabled", "true");
    attribute(outcome, "data-bad", false);
    text(outcome, name === "pay" ? "Paying…" : "Canceling…");
    try {
      text(outcome, outcomeOf(await post(`api/orders/${encodeURIComponent(orderId)}/${name}`), name));
    } catch (error) {
      text(outcome, `✕ ${visible(error.message)}`);
      attribute(outcome, "data-bad", true);
    } finally {
      for (const button of [pay, cancel]) attribute(button, "aria-disabled", null);
    }
  }

  return {
    node: h("div", { class: "actions order-actions" }, pay, cancel, outcome),
    update({ status, invoice }) {
      const open = invoice ? invoice.amount - invoice.paidAmount : 0;
      attribute(pay, "hidden", status === "canceled" || invoice?.status === "canceled" || open <= 0);
      text(pay, `Pay ${money(open, invoice?.currency)}`);
      attribute(cancel, "hidden", status !== "pending");
    },
  };
}

// A webhook's answer says what it did; the console adds the trace of having sent it.
function outcomeOf({ payment, order }, name) {
  if (name === "cancel") return `✓ ${visible(order?.status ?? "canceled")}`;
  const number = payment?.invoice ? `, invoice no. ${payment.invoice.number} is ${payment.invoice.status}` : "";
  const why = payment?.reason ? `: ${payment.reason}` : "";
  return visible(`${payment?.status === "unmatched" ? "✕" : "✓"} ${payment?.status ?? "sent"}${number}${why}`);
}

// One name and its value; a moment also says how long ago it is.
function fact([name, , isMoment]) {
  const shown = isMoment ? ago() : h("span");
  const node = h("div", {}, h("dt", {}, name), h("dd", {}, shown));
  return { node, update: ([, value]) => (isMoment ? setAgo(shown, value) : text(shown, value ?? "–")) };
}
