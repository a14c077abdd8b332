// A trace as rows of bars on one time axis. A row is a button: a click or Enter shows the span's attributes, links and
// events below it; the arrow keys go from row to row.

import { attribute, h, list, property, text } from "./dom.js";
import { duration, plural, short } from "./format.js";
import { timeScale } from "./scale.js";
import { spanDetails } from "./span.js";
import { rows } from "./tree.js";

const TICK_WIDTH = 0.14;

// `onChoice(spanId or null)` is told which span is open.
export function waterfall(onChoice) {
  const axis = h("div", { class: "axis", "aria-hidden": "true" });
  const lines = h("div", { class: "gridlines", "aria-hidden": "true" });
  const body = h("ol", { class: "spans", keydown: move });
  const node = h("div", { class: "waterfall" }, axis, lines, body);
  let chosen = null;
  let shown = null;

  function show() {
    const scale = timeScale(shown.spans);
    list(axis, marks(scale), ({ key }) => key, mark);
    list(lines, marks(scale), ({ key }) => key, gridline);
    const all = rows(shown).map((row) => ({ ...row, scale, chosen, origin: scale.origin }));
    list(body, all, ({ key }) => key, (row) => (row.separator ? separatorRow() : spanRow(choose)));
  }

  function choose(spanId) {
    chosen = chosen === spanId ? null : spanId;
    show();
    onChoice(chosen);
  }

  return {
    node,
    choose: (spanId) => spanId !== chosen && choose(spanId),
    update(trace) {
      shown = trace;
      show();
    },
  };
}

function move(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !event.target.matches(".span-row")) return;
  const all = [...event.currentTarget.querySelectorAll(".span-row")];
  all[all.indexOf(event.target) + step]?.focus();
  event.preventDefault();
}

function marks(scale) {
  let free = 0;
  const ticks = scale.ticks().map(({ x, ms, within }, index) => {
    // Words that would stand on others, or beyond the end, are left out; the line stays.
    const hasRoom = x >= free && x < 0.93;
    if (hasRoom) free = x + TICK_WIDTH;
    return { key: `tick ${index}`, x, words: hasRoom ? tickWords(ms, within) : "" };
  });
  return [...ticks, ...scale.folds.map(({ x, width }, index) => ({ key: `fold ${index}`, x, width, words: "" }))];
}

// Round figures; within a later stretch of work they count from its beginning.
function tickWords(ms, within) {
  const words = duration(within || ms).replace(/\.0+ /, " ");
  return ms === 0 ? "0" : within && within !== ms ? `+${words}` : words;
}

function mark({ width }) {
  const node = h("span", { class: width ? "fold" : "tick" });
  return { node, update: (one) => (place(node, one), text(node, one.words)) };
}

function gridline({ width }) {
  const node = h("span", { class: width ? "fold" : "gridline" });
  return { node, update: (one) => place(node, one) };
}

function place(node, { x, width }) {
  property(node, "--x", x.toFixed(5));
  if (width) property(node, "--w", width.toFixed(5));
}

function separatorRow() {
  const words = h("span");
  const link = h("a");
  const node = h("li", { class: "separator" }, h("strong", {}, "linked"), words, link);
  return {
    node,
    update({ traceId, service, linkCount }) {
      text(words, ` ${service}${linkCount > 1 ? `, a batch of ${plural(linkCount, "message")}` : ""}, in a trace of its own `);
      attribute(link, "href", `#/traces/${traceId}`);
      text(link, short(traceId));
    },
  };
}

function spanRow(choose) {
  let span = null;
  const service = h("span", { class: "service" });
  const name = h("span", { class: "span-name" });
  const kind = h("span", { class: "kind" });
  const bar = h("span", { class: "bar" });
  const took = h("span", { class: "took" });
  const label = h("span", { class: "label" }, service, name, kind);
  const button = h("button", { type: "button", class: "span-row", click: () => choose(span.spanId) }, label, h("span", { class: "lane" }, bar, took));
  const details = spanDetails();
  const node = h("li", { class: "span" }, button);
  return {
    node,
    update(row) {
      span = row.span;
      showLabel({ service, name, kind, button }, row);
      showBar({ bar, took, button }, row);
      const isOpen = row.chosen === span.spanId;
      attribute(button, "aria-expanded", isOpen ? "true" : "false");
      if (isOpen) details.update(row);
      if (isOpen && !details.node.isConnected) node.append(details.node);
      if (!isOpen) details.node.remove();
    },
  };
}

function showLabel({ service, name, kind, button }, { span, depth, hasNewService }) {
  property(button, "--depth", depth);
  text(service, hasNewService ? span.service : "");
  attribute(service, "hidden", !hasNewService);
  text(name, hasNewService && span.name === span.service ? "" : span.name);
  attribute(name, "title", span.name);
  text(kind, span.status === "ERROR" ? "✕ error" : (span.kind ?? "").toLowerCase());
  attribute(button, "data-error", span.status === "ERROR");
  attribute(button, "data-kind", span.kind);
}

function showBar({ bar, took, button }, { span, scale }) {
  const from = scale.at(span.start);
  const to = scale.at(span.start + (span.duration || 0));
  place(button, { x: from, width: Math.max(to - from, 0.00001) });
  // The words stand where there is room: after the bar, before it, or in it.
  attribute(button, "data-words", to < 0.8 ? "after" : from > 0.2 ? "before" : "inside");
  text(took, duration(span.duration));
  attribute(bar, "title", `${span.service} ${span.name}: ${duration(span.duration)}`);
}
