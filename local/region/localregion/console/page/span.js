// What one span says: when, its attributes, its links (of a large batch the first ones) and its events.

import { attribute, h, list, text } from "./dom.js";
import { clock, count, duration, short, value } from "./format.js";

const LINKS_SHOWN = 20;

export function spanDetails() {
  const message = h("p", { class: "span-message" });
  const facts = h("dl", { class: "attributes" });
  const linksHead = h("h4");
  const links = h("ul", { class: "links" });
  const eventsHead = h("h4", {}, "Events");
  const events = h("ol", { class: "events" });
  const node = h("div", { class: "span-details" }, message, facts, linksHead, links, eventsHead, events);
  return {
    node,
    update({ span, origin }) {
      text(message, span.statusMessage);
      attribute(message, "hidden", !span.statusMessage);
      list(facts, pairs(span, origin), ([name]) => name, pair);
      showLinks({ linksHead, links }, span);
      list(events, (span.events ?? []).map((event, index) => ({ ...event, index })), ({ index }) => index, () => eventRow(span));
      attribute(eventsHead, "hidden", !span.events?.length);
    },
  };
}

function pairs(span, origin) {
  const when = `${clock(span.start)}, ${duration(Math.max(0, span.start - origin))} after the start, for ${duration(span.duration)}`;
  const attributes = Object.entries(span.attributes ?? {}).sort(([one], [other]) => one.localeCompare(other));
  return [["when", when], ["service", span.service], ["kind", span.kind], ["status", span.status], ["span id", span.spanId], ...attributes];
}

function pair([name]) {
  const shown = h("dd");
  const node = h("div", {}, h("dt", {}, name), shown);
  return { node, update: ([, given]) => text(shown, value(given ?? "–")) };
}

function showLinks({ linksHead, links }, span) {
  const all = span.links ?? [];
  const total = span.linkCount ?? all.length;
  const more = total > Math.min(all.length, LINKS_SHOWN);
  text(linksHead, more ? `Links, ${count(Math.min(all.length, LINKS_SHOWN))} of ${count(total)}` : "Links");
  attribute(linksHead, "hidden", !total);
  list(links, all.slice(0, LINKS_SHOWN), ({ traceId, spanId }) => `${traceId} ${spanId}`, ({ traceId, spanId }) => ({
    node: h("li", {}, "span ", h("code", {}, spanId), " of trace ", h("a", { href: `#/traces/${traceId}` }, short(traceId))),
  }));
}

function eventRow(span) {
  const shown = h("span");
  const facts = h("dl", { class: "attributes" });
  return {
    node: h("li", {}, shown, facts),
    update(event) {
      const after = Number.isFinite(event.time) ? ` after ${duration(event.time - span.start)}` : "";
      text(shown, `${event.name}${after}`);
      list(facts, Object.entries(event.attributes ?? {}), ([name]) => name, pair);
    },
  };
}
