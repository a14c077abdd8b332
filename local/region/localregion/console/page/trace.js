// Traces: the list, and one trace as a waterfall with its log lines beside it. `subject` is what the project says that
// its traces are about (`extension.js`), and may be missing.

import { Refused, get } from "./api.js";
import { ago, attribute, h, list, setAgo, text } from "./dom.js";
import { count, duration, plural, short } from "./format.js";
import { logList } from "./logs.js";
import { timeScale } from "./scale.js";
import { linesOf } from "./tree.js";
import { waterfall } from "./waterfall.js";

export function tracesView(subject) {
  const body = h("tbody");
  const said = h("p", { class: "quiet", "aria-live": "polite" });
  const head = h("tr", {}, ...["Trace", "Service", "Spans", "Errors", "Duration", "Age"].map((name) => h("th", { scope: "col", class: name.toLowerCase() }, name)));
  const table = h("table", { class: "rows traces" }, h("caption", { class: "visually-hidden" }, "Recent traces, newest first"), h("thead", {}, head), body);
  const node = h("section", { class: "view" }, h("header", { class: "view-head" }, h("h1", {}, "Traces")), said, table);
  return {
    node,
    title: "Traces",
    async refresh(signal) {
      const { traces } = await get("api/traces?limit=100", signal);
      list(body, traces, ({ traceId }) => traceId, (one) => traceRow(one, subject));
      attribute(table, "hidden", !traces.length);
      text(said, traces.length ? `The latest ${plural(traces.length, "trace")}.` : ["No traces yet.", ...(subject ? [subject.first] : [])].join(" "));
    },
  };
}

function traceRow({ traceId }, subject) {
  const name = h("a", { href: `#/traces/${traceId}`, title: traceId });
  const about = h("span", { class: "quiet" });
  const cells = Object.fromEntries(["service", "spans", "errors", "duration"].map((one) => [one, h("td", { class: one })]));
  const age = ago();
  const open = (event) => {
    if (!event.target.closest("a") && !String(getSelection())) name.click();
  };
  const node = h("tr", { click: open }, h("td", { class: "trace" }, name, " ", about), ...Object.values(cells), h("td", { class: "age" }, age));
  return {
    node,
    update(trace) {
      text(name, trace.name);
      text(about, words(subject, trace[subject?.key]));
      text(cells.service, trace.service);
      text(cells.spans, count(trace.spans));
      text(cells.errors, trace.errors ? `✕ ${trace.errors}` : "0");
      attribute(cells.errors, "data-bad", trace.errors > 0);
      text(cells.duration, duration(trace.duration));
      setAgo(age, new Date(trace.start).toISOString());
    },
  };
}

const words = (subject, id) => (id ? `${subject.word} ${short(id)}` : "");

export function traceView(traceId, subject) {
  const body = traceBody();
  const about = h("a");
  const node = h("section", { class: "view" }, h("header", { class: "view-head" }, h("h1", {}, "Trace ", h("code", {}, traceId)), about), body.node);
  return {
    node,
    title: `Trace ${short(traceId)}`,
    async refresh(signal) {
      const trace = await body.refresh(traceId, signal);
      const id = mentioned(trace, subject?.attribute);
      attribute(about, "href", id ? `#/${subject.view}/${id}` : null);
      text(about, words(subject, id));
    },
  };
}

// What the trace's own spans mention, also those that did not make it.
function mentioned(trace, attribute) {
  const own = trace?.spans.filter(({ traceId }) => traceId === trace.traceId) ?? [];
  return own.find(({ attributes }) => attributes?.[attribute])?.attributes[attribute];
}

// Waterfall and log lines; `refresh(traceId)` asks for the trace and draws it only when it has changed.
export function traceBody() {
  const said = h("p", { class: "quiet", "aria-live": "polite" }, "Looking…");
  const bars = waterfall((spanId) => {
    chosen = spanId;
    showLogs();
  });
  const logs = logList();
  const logsHead = h("h2", {}, "Log lines");
  const all = h("button", { type: "button", class: "link", hidden: true, click: () => bars.choose(null) }, "show all");
  const aside = h("section", { class: "trace-logs", "aria-label": "Log lines" }, h("header", {}, logsHead, all), logs.node);
  const spans = h("section", { class: "trace-spans", "aria-label": "Spans" }, bars.node);
  const node = h("div", { class: "trace", hidden: true }, said, h("div", { class: "trace-columns", hidden: true }, spans, aside));
  let trace = null;
  let drawn = "";
  let chosen = null;

  function showLogs() {
    const lines = trace.logs ?? [];
    const shown = chosen ? linesOf(trace, chosen) : lines;
    text(logsHead, chosen ? `Log lines, ${shown.length} of ${lines.length}` : `Log lines, ${lines.length}`);
    attribute(all, "hidden", !chosen);
    logs.update(shown);
  }

  return {
    node,
    async refresh(traceId, signal) {
      trace = await get(`api/traces/${encodeURIComponent(traceId)}`, signal).catch((error) => {
        if (error instanceof Refused && error.status === 404) return null;
        throw error;
      });
      attribute(node, "hidden", false);
      attribute(node.lastChild, "hidden", !trace);
      const now = JSON.stringify(trace);
      if (now === drawn) return trace;
      drawn = now;
      text(said, trace ? summary(trace) : "This trace is not known, or not any more: the console keeps the latest.");
      if (trace) bars.update(trace);
      if (trace) showLogs();
      return trace;
    },
  };
}

function summary({ spans, traceId }) {
  const start = Math.min(...spans.map((span) => span.start));
  const end = Math.max(...spans.map((span) => span.start + (span.duration || 0)));
  const errors = spans.filter(({ status }) => status === "ERROR").length;
  const linked = new Set(spans.map((span) => span.traceId).filter((id) => id !== traceId)).size;
  const services = new Set(spans.map(({ service }) => service)).size;
  const words = [plural(spans.length, "span"), `${plural(services, "service")}`, `${duration(end - start)} from first to last`];
  const waits = timeScale(spans).folds.reduce((sum, { ms }) => sum + ms, 0);
  if (waits) words.push(`of which ${duration(waits)} without work are folded`);
  if (linked) words.push(plural(linked, "linked invocation"));
  words.push(errors ? `✕ ${plural(errors, "error")}` : "no errors");
  return words.join(" · ");
}
