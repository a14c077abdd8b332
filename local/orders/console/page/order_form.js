// A form that sends a test order through the gateway, shows the answer, and follows the order to its invoice.

import { Refused, get, post } from "./api.js";
import { attribute, h, list, text } from "./dom.js";
import { short, visible } from "./format.js";
import { money } from "./money.js";

const FOLLOWED_MS = 120_000;
const CURRENCIES = ["BRL", "USD", "EUR", "GBP", "JPY", "KWD"];
const CUSTOMERS = ["demo", "other", "limited"];

export function orderForm() {
  const amount = h("input", { id: "amount", name: "amount", type: "text", inputmode: "numeric", value: "1999", required: true, autocomplete: "off", input: preview, "aria-describedby": "amount-read" });
  const currency = h("input", { id: "currency", name: "currency", value: "BRL", list: "currencies", size: 4, maxlength: 3, autocomplete: "off", autocapitalize: "characters", spellcheck: "false", input: preview });
  const customer = h("select", { id: "customer", name: "customer" }, ...CUSTOMERS.map((name) => h("option", { value: name }, name)));
  const read = h("output", { id: "amount-read", class: "quiet", for: "amount currency" });
  const send = h("button", { type: "submit" }, "Send order");
  const outcome = progress();
  const node = h(
    "form",
    { class: "order-form", "aria-label": "Send a test order", novalidate: true, submit },
    h("div", { class: "field" }, h("label", { for: "amount" }, "Amount in cents"), amount, read),
    h("div", { class: "field" }, h("label", { for: "currency" }, "Currency"), currency, h("datalist", { id: "currencies" }, ...CURRENCIES.map((value) => h("option", { value })))),
    h("div", { class: "field" }, h("label", { for: "customer" }, "Customer"), customer),
    send,
    outcome.node,
  );
  preview();

  function preview() {
    text(read, /^\d+$/.test(amount.value.trim()) ? money(Number(amount.value), currency.value.trim().toUpperCase()) : "an integer in minor units");
  }

  async function submit(event) {
    event.preventDefault();
    if (send.getAttribute("aria-disabled")) return;
    attribute(send, "aria-disabled", "true");
    const given = amount.value.trim();
    // What is no integer goes as it is: the answer then shows what the API says to it.
    const order = { amount: /^-?\d+$/.test(given) ? Number(given) : given, currency: currency.value.trim().toUpperCase(), customer: customer.value };
    await outcome.follow(order);
    attribute(send, "aria-disabled", null);
  }

  return { node };
}

// Two steps, accepted and invoiced, and the way to the trace. A second order takes the place of the first.
function progress() {
  const steps = h("ol", { class: "steps" });
  const links = h("p", { class: "quiet" });
  const node = h("div", { class: "progress", role: "status", hidden: true }, steps, links);
  let latest = 0;

  function show(all) {
    attribute(node, "hidden", false);
    list(steps, all, ({ key }) => key, () => {
      const row = h("li");
      return { node: row, update: ({ words, state }) => (text(row, words), attribute(row, "data-step", state)) };
    });
  }

  async function follow(order) {
    const mine = (latest += 1);
    links.replaceChildren();
    show([{ key: "accepted", words: "… sending", state: "running" }]);
    let answer;
    try {
      answer = await post("api/orders", order);
    } catch (error) {
      return show([{ key: "accepted", words: `✕ ${refusal(error)}`, state: "failed" }]);
    }
    if (!answer.order) return show([{ key: "accepted", words: `✕ ${problemWords(answer.status, answer.problem)}`, state: "failed" }]);
    const { orderId } = answer.order;
    links.append(h("a", { href: `#/orders/${orderId}`, title: orderId, "data-order": orderId }, `order ${short(orderId)}`), ...(answer.traceId ? [" · ", h("a", { href: `#/traces/${answer.traceId}` }, "its trace")] : []));
    watch(orderId, answer.status, () => mine === latest);
  }

  async function watch(orderId, status, isLatest) {
    const accepted = { key: "accepted", words: `✓ accepted (${status})`, state: "done" };
    const until = Date.now() + FOLLOWED_MS;
    show([accepted, { key: "invoiced", words: "… invoice", state: "running" }]);
    while (isLatest() && Date.now() < until) {
      const order = await get(`api/orders/${orderId}`).catch(() => null);
      if (!isLatest()) return;
      if (order?.invoice) return show([accepted, { key: "invoiced", words: `✓ invoiced, no. ${order.invoice.number}`, state: "done" }]);
      if (order) show([accepted, { key: "invoiced", words: `… ${order.state}`, state: "running" }]);
      await new Promise((wake) => setTimeout(wake, document.hidden ? 5000 : 700));
    }
    if (isLatest()) show([accepted, { key: "invoiced", words: "… no invoice within two minutes; the list goes on watching", state: "running" }]);
  }

  return { node, follow };
}

function refusal(error) {
  if (error instanceof Refused) return problemWords(error.status, error.problem);
  return "the console did not answer";
}

function problemWords(status, problem) {
  const where = (problem?.errors ?? []).map(({ pointer, detail }) => `${pointer || "body"}: ${detail}`).join("; ");
  return visible([status, where || problem?.detail || problem?.title || problem?.message || "refused"].join(" "));
}
