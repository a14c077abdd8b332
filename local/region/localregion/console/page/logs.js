// Log lines as a list: time, service, level, message and the fields that are not on the page anyway.

import { attribute, h, list, text } from "./dom.js";
import { clock, value, visible } from "./format.js";

const ELSEWHERE = /^(trace_id|span_id|correlation_id|location|cold_start|xray_trace_id|function_.*|_aws)$/;

export function logList() {
  const node = h("ol", { class: "log" });
  return {
    node,
    update(lines) {
      const seen = new Map();
      // The same line twice in one millisecond is two lines.
      const keyed = lines.map((line) => {
        const name = `${line.time} ${line.spanId} ${line.message}`;
        seen.set(name, (seen.get(name) ?? 0) + 1);
        return { line, key: `${name} ${seen.get(name)}` };
      });
      list(node, keyed, ({ key }) => key, row);
    },
  };
}

function row() {
  const when = h("time");
  const who = h("span", { class: "log-service" });
  const level = h("span", { class: "log-level" });
  const message = h("span", { class: "log-message" });
  const fields = h("span", { class: "log-fields" });
  const node = h("li", {}, when, " ", who, " ", level, " ", message, " ", fields);
  return {
    node,
    update({ line }) {
      text(when, line.time ? clock(line.time) : "");
      text(who, line.service);
      text(level, line.level);
      // A line without message that CloudWatch reads as metrics (embedded metric format).
      text(message, visible(line.message || (line.fields?._aws ? "metrics" : "")));
      text(fields, words(line.fields));
      attribute(node, "data-level", String(line.level ?? "").toUpperCase());
    },
  };
}

function words(fields) {
  return Object.entries(fields ?? {})
    .filter(([name, given]) => !ELSEWHERE.test(name) && given !== null && given !== "")
    .map(([name, given]) => `${name}=${value(given)}`)
    .join("  ");
}
