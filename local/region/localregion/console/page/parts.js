// The parts of the system and its functions, as the overview tells of them: which is down, what to say in two lines.

import { attribute, h, list, text } from "./dom.js";
import { count, plural, UNKNOWN } from "./format.js";

export const stateOf = (overview, part) => overview.parts?.[part]?.state ?? (part === "gateway" ? overview.gateway?.state : null) ?? UNKNOWN;

export const isDownState = (state) => !["up", "running", "ready", "healthy", "ok", UNKNOWN].includes(String(state).toLowerCase());

export function partsOf(overview) {
  return Object.keys(overview.parts ?? {}).map((name) => ({ name, state: stateOf(overview, name), detail: overview.parts[name].detail }));
}

// A list of the parts, each with a sign and its state.
export function partsList() {
  const node = h("ul", { class: "parts", "aria-label": "Parts" });
  return { node, update: (overview) => list(node, partsOf(overview), ({ name }) => name, part) };
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

// What a picture says of a function, of a queue.
export function functionFacts(one) {
  if (!one) return {};
  const { warm, busy } = one.environments ?? {};
  const errors = one.errors ? ` · ${plural(one.errors, "error")}` : "";
  return { lines: [`${count(warm)} warm · ${count(busy)} busy`, `${count(one.coldStarts)} cold${errors}`], isBusy: busy > 0 };
}

export const queueLines = (queue) => [`${count(queue?.ready)} ready`, `${count(queue?.unacknowledged)} unacked`];
