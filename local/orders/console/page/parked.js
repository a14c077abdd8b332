// Messages that could not be processed, why, and what an operator can do: replay one, or let it wait no longer.

import { get, post } from "./api.js";
import { ago, attribute, h, list, setAgo, text } from "./dom.js";
import { count, plural, pretty, short, value, visible } from "./format.js";

export function parkedView() {
  const said = h("p", { class: "quiet", "aria-live": "polite" });
  const body = h("div", { class: "cards" });
  const node = h("section", { class: "view" }, h("header", { class: "view-head" }, h("h1", {}, "Parked messages")), said, body);
  return {
    node,
    title: "Parked messages",
    async refresh(signal) {
      const { parked } = await get("api/parked", signal);
      const waiting = parked.filter(({ state }) => state === "waiting").length;
      text(said, parked.length ? `${plural(parked.length, "message")}, ${count(waiting)} waiting for a decision.` : "Nothing is parked: every message could be processed.");
      list(body, parked, ({ id }) => id, card);
    },
  };
}

function card({ id }) {
  const reason = h("h2");
  const state = h("span", { class: "state" });
  const facts = h("p", { class: "quiet" });
  const first = ago();
  const last = ago();
  const replayed = h("span");
  const trace = h("a", { hidden: true }, "trace");
  const times = h("p", { class: "quiet" }, "first seen ", first, ", last ", last, replayed, " ", trace);
  const bytes = h("p", { class: "quiet" });
  const message = h("pre", { tabindex: "0", "aria-label": "Body of the message" });
  const properties = h("pre", { tabindex: "0", "aria-label": "Properties of the message" });
  const actions = actionsOf(id);
  const head = h("header", {}, reason, state);
  const node = h("article", { class: "card parked", "data-parked": id }, head, facts, times, bytes, message, h("details", {}, h("summary", {}, "Properties"), properties), actions.node);
  return {
    node,
    update(one) {
      text(reason, visible(one.reason ?? "no reason"));
      text(state, `${{ waiting: "‖", replayed: "↻", dismissed: "–" }[one.state] ?? "·"} ${one.state}`);
      attribute(state, "data-state", one.state === "waiting" ? "parked" : one.state);
      text(facts, `${one.queue} · seen ${plural(one.count, "time")} · ${short(one.id)}`);
      setAgo(first, one.firstSeen);
      setAgo(last, one.lastSeen);
      text(replayed, one.replayedAt ? `, replayed ${new Date(one.replayedAt).toLocaleTimeString()}` : "");
      attribute(trace, "href", one.traceId ? `#/traces/${one.traceId}` : null);
      attribute(trace, "hidden", !one.traceId);
      text(bytes, bytesWords(one));
      text(message, one.body === "" ? "(empty)" : one.bodyEncoding === "base64" ? one.body : pretty(one.body ?? ""));
      text(properties, one.properties ? pretty(typeof one.properties === "string" ? one.properties : JSON.stringify(one.properties)) : "none");
      actions.update(one);
    },
  };
}

function bytesWords({ size, body, bodyEncoding }) {
  const form = bodyEncoding === "base64" ? ", no text: shown in base64" : "";
  const shown = bodyEncoding === "base64" ? (body.length * 3) / 4 : new TextEncoder().encode(body ?? "").length;
  const cut = size > shown + 3 ? ", the beginning of it shown" : "";
  return Number.isFinite(size) ? `${plural(size, "byte")}${form}${cut}` : "";
}

// The buttons and, below them, what came of it.
function actionsOf(id) {
  const outcome = h("p", { class: "outcome", role: "status" });
  const buttons = [
    h("button", { type: "button", click: () => act("replay") }, "Replay"),
    h("button", { type: "button", class: "plain", click: () => act("dismiss") }, "Dismiss"),
  ];

  async function act(name) {
    buttons.forEach((button) => attribute(button, "aria-disabled", "true"));
    text(outcome, name === "replay" ? "Replaying…" : "Dismissing…");
    attribute(outcome, "data-bad", false);
    try {
      text(outcome, outcomeOf(name, await post(`api/parked/${encodeURIComponent(id)}/${name}`)));
    } catch (error) {
      text(outcome, `✕ ${name} failed: ${visible(error.message)}`);
      attribute(outcome, "data-bad", true);
    } finally {
      buttons.forEach((button) => attribute(button, "aria-disabled", null));
    }
  }

  return { node: h("div", { class: "actions" }, ...buttons, outcome), update: ({ state }) => attribute(buttons[1], "hidden", state === "dismissed") };
}

function outcomeOf(name, answer) {
  if (name === "dismiss") return "✓ dismissed: kept, and waits no longer";
  const { queued, alreadyQueued, relay } = answer ?? {};
  const next = relay ? `; ${visible(relay)}` : ": the relay publishes it";
  if (queued) return `✓ queued for replay${next}`;
  if (alreadyQueued) return `✓ was queued for replay already${next}`;
  return `✓ ${answer && Object.keys(answer).length ? value(answer) : "replayed"}`;
}
