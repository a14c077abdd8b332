// The first view: the states of the parts, the project's picture, figures, and what the project puts below them.

import { h } from "./dom.js";
import { partsList } from "./parts.js";
import { picture } from "./picture.js";
import { queuesTable } from "./queues.js";

// `project` is `extension.js`'s, `figures` what figures.js keeps.
export function overviewView(project, figures) {
  const parts = partsList();
  const drawing = project.picture ? picture(project.picture) : null;
  const strip = figures.strip();
  const below = project.overview?.() ?? queuesTable();
  const head = h("header", { class: "view-head" }, h("h1", {}, project.heading ?? "Overview"), parts.node);
  const frame = drawing && h("div", { class: "picture-frame" }, drawing.node);
  return {
    node: h("section", { class: "view overview" }, head, frame, strip.node, below.node),
    title: "Overview",
    show(overview) {
      drawing?.update(overview);
      strip.update(overview);
      parts.update(overview);
      below.show?.(overview);
    },
    refresh: async (signal) => below.refresh?.(signal),
  };
}
