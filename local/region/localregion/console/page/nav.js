// The links to the views, with how many things of a view wait for a person.

import { attribute, h, text } from "./dom.js";
import { count } from "./format.js";

export function navigation(node, views) {
  const links = views.map((view) => [view, link(view)]);
  node.replaceChildren(...links.map(([, one]) => one.node));
  return {
    current(name) {
      for (const [view, one] of links) attribute(one.node, "aria-current", view.name === name ? "page" : null);
    },
    update(overview) {
      for (const [{ waiting }, one] of links) if (waiting) showWaiting(one.badge, waiting(overview));
    },
  };
}

function link({ name, label, waiting }) {
  const badge = waiting ? h("span", { class: "badge", id: `${name}-badge`, hidden: true }) : null;
  const href = name === "overview" ? "#/" : `#/${name}`;
  return { badge, node: h("a", { href, "data-view": name }, label, ...(badge ? [" ", badge] : [])) };
}

function showWaiting(badge, waiting) {
  text(badge, count(waiting));
  attribute(badge, "hidden", !(waiting > 0));
  attribute(badge, "title", `${count(waiting)} waiting`);
}
