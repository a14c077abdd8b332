// The functions: their environments, last invocations as bars, and last log lines.

import { get } from "./api.js";
import { ago, attribute, h, list, property, setAgo, text } from "./dom.js";
import { count, duration, plural, UNKNOWN } from "./format.js";
import { logList } from "./logs.js";

const BARS = 40;
const ROWS = 8;

export function functionsView(name) {
  const body = h("div", { class: "cards" });
  const node = h("section", { class: "view" }, h("header", { class: "view-head" }, h("h1", {}, "Functions")), body);
  let wanted = name;
  return {
    node,
    title: "Functions",
    // `#/functions/NAME`: that one comes into view and gets the focus, once.
    choose: (one) => (wanted = one),
    async refresh(signal) {
      const { functions } = await get("api/functions", signal);
      list(body, functions, (one) => one.name, card);
      const found = wanted && document.getElementById(`function-${wanted}`);
      if (found) {
        wanted = null;
        found.scrollIntoView({ block: "start" });
        found.querySelector("h2").focus({ preventScroll: true });
      }
    },
  };
}

function card({ name }) {
  const state = h("span", { class: "state" });
  const facts = h("p", { class: "quiet" });
  const environments = h("p", { class: "environments" });
  const bars = h("ol", { class: "invocations", "aria-label": "Durations of the last invocations, the newest on the right" });
  const most = h("p", { class: "quiet peak" });
  const body = h("tbody");
  const names = ["Started", "Duration", "Init", "Memory", "Result"];
  const table = h("table", { class: "rows last" }, h("caption", { class: "visually-hidden" }, `Last invocations of ${name}`), h("thead", {}, h("tr", {}, ...names.map((one) => h("th", { scope: "col", class: one.toLowerCase() }, one)))), body);
  const logs = logList();
  const lines = h("details", { class: "card-logs" }, h("summary", {}, "Last log lines, the newest first"), logs.node);
  const head = h("header", {}, h("h2", { tabindex: "-1" }, name), state);
  const node = h("article", { class: "card", id: `function-${name}` }, head, facts, environments, bars, most, table, lines);
  return {
    node,
    update(one) {
      showState(state, one.state);
      text(facts, `${one.handler} · ${count(one.memoryMb)} MB · at most ${count(one.timeoutSeconds)} s · ${plural(one.invocations, "invocation")} · ${plural(one.coldStarts, "cold start")} · ${plural(one.errors, "error")}`);
      showEnvironments(environments, one.environments ?? {});
      const last = newestFirst(one.lastInvocations);
      showBars({ bars, most }, last.slice(0, BARS).reverse());
      list(body, last.slice(0, ROWS), ({ requestId }) => requestId, invocationRow);
      attribute(table, "hidden", !last.length);
      logs.update((one.logs ?? []).map((line) => (typeof line === "string" ? { message: line } : line)).reverse());
    },
  };
}

const newestFirst = (invocations) => [...(invocations ?? [])].sort((one, other) => moment(other.start) - moment(one.start));

const moment = (start) => (typeof start === "string" ? Date.parse(start) : start);

function showState(node, state) {
  const isWell = /^(active|up|ready)$/i.test(state ?? "");
  text(node, `${isWell ? "●" : "✕"} ${state ?? UNKNOWN}`);
  attribute(node, "data-state", isWell ? "up" : "down");
}

// One sign per environment: a full one works, an empty one waits, a dotted one starts.
function showEnvironments(node, { warm = 0, busy = 0, starting = 0 }) {
  const signs = "◉".repeat(Math.min(busy, 20)) + "○".repeat(Math.min(warm, 20)) + "◌".repeat(Math.min(starting, 20));
  text(node, `${signs ? `${signs}  ` : ""}${count(busy)} busy · ${count(warm)} warm · ${count(starting)} starting`);
}

function showBars({ bars, most }, invocations) {
  const longest = Math.max(1, ...invocations.map((one) => one.duration || 0));
  const longestInit = Math.max(1, ...invocations.map((one) => one.initMs || 0));
  list(bars, invocations.map((one) => ({ ...one, longest, longestInit })), ({ requestId }) => requestId, invocationBar);
  attribute(bars, "hidden", !invocations.length);
  text(most, invocations.length ? `the last ${invocations.length}, the longest took ${duration(longest)}; hatched: an init, on a scale of its own` : "no invocation known");
}

function invocationBar() {
  const node = h("li", {}, h("span", { class: "init" }), h("span", { class: "work" }));
  return {
    node,
    update(one) {
      property(node, "--init", ((one.initMs || 0) / one.longestInit).toFixed(4));
      property(node, "--work", ((one.duration || 0) / one.longest).toFixed(4));
      attribute(node, "data-error", Boolean(one.error));
      attribute(node, "title", `${duration(one.duration)}${one.initMs ? `, init ${duration(one.initMs)}` : ""}${one.error ? `, ${errorWords(one.error)}` : ""}`);
    },
  };
}

const errorWords = (error) => (typeof error === "string" ? error : (error.errorType ?? error.type ?? JSON.stringify(error)));

function invocationRow({ requestId }) {
  const age = ago();
  const cells = Object.fromEntries(["duration", "init", "memory", "result"].map((one) => [one, h("td", { class: one })]));
  const node = h("tr", { title: requestId }, h("td", { class: "started" }, age), ...Object.values(cells));
  return {
    node,
    update(one) {
      setAgo(age, new Date(moment(one.start)).toISOString());
      text(cells.duration, duration(one.duration));
      text(cells.init, one.initMs ? duration(one.initMs) : UNKNOWN);
      text(cells.memory, one.memoryMb ? `${count(one.memoryMb)} MB` : UNKNOWN);
      text(cells.result, one.error ? `✕ ${errorWords(one.error)}` : "✓");
      attribute(cells.result, "data-bad", Boolean(one.error));
    },
  };
}
