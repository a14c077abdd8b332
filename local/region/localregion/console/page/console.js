// The console's page: which view the location asks for, and the one poll a second that keeps it up to date.
// No build step, no dependency, no network but the console itself; what the page shows is JSON under /api for scripts.

import { Refused, get } from "./api.js";
import { attribute, text, tick } from "./dom.js";
import { remember } from "./figures.js";
import { count } from "./format.js";
import { functionsView } from "./functions.js";
import { orderView, ordersView } from "./orders.js";
import { overviewView, partsOf } from "./overview.js";
import { parkedView } from "./parked.js";
import { isDownState } from "./picture.js";
import { polling } from "./polling.js";
import { traceView, tracesView } from "./trace.js";

const VIEWS = { overview: overviewView, orders: ordersView, traces: tracesView, functions: functionsView, parked: parkedView };
const DETAILS = { orders: orderView, traces: traceView };

const main = document.getElementById("main");
const kept = new Map(); // lists keep their filter and place while one looks at a detail
const places = new Map();
let view = null;
let hash = null;
let notice = null;
let wasDown = new Set();

function route() {
  const [name = "", id] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  const known = name in VIEWS ? name : "overview";
  if (id && DETAILS[known]) return { name: known, view: DETAILS[known](id), isKept: false };
  if (!kept.has(known)) kept.set(known, VIEWS[known]());
  if (id) kept.get(known).choose?.(id);
  return { name: known, view: kept.get(known), isKept: true };
}

function navigate() {
  const isFirst = view === null;
  if (!isFirst) places.set(hash, scrollY);
  hash = location.hash;
  const found = route();
  view = found.view;
  main.replaceChildren(view.node);
  notice = null;
  document.title = `${view.title} · serverless-orders`;
  for (const link of document.querySelectorAll("nav a")) attribute(link, "aria-current", link.dataset.view === found.name ? "page" : null);
  if (last) view.show?.(last);
  if (!isFirst) {
    main.focus({ preventScroll: true });
    scrollTo(0, found.isKept ? (places.get(hash) ?? 0) : 0);
  }
  refresh();
}

let last = null;

async function work(signal) {
  const shown = view;
  const [overview, answered] = await Promise.all([get("api/overview", signal), shown.refresh(signal).then(() => null, orRefusal)]);
  if (signal.aborted) return;
  last = overview;
  remember(overview);
  shown.show?.(overview);
  showNotice(answered);
  showParked(overview.parkedWaiting);
  saySwitches(overview);
  tick();
}

// The console answers, but cannot tell this view what it asks for: no outage, the rest goes on.
function orRefusal(error) {
  if (error instanceof Refused) return error;
  throw error;
}

function showNotice(error) {
  if (!error) {
    notice?.remove();
    notice = null;
    return;
  }
  if (!notice) {
    notice = document.createElement("p");
    notice.className = "notice";
    notice.setAttribute("role", "status");
    main.prepend(notice);
  }
  text(notice, `✕ ${error.message} (status ${error.status}). What is below may be old.`);
}

function showParked(waiting) {
  const badge = document.getElementById("parked-badge");
  text(badge, count(waiting));
  attribute(badge, "hidden", !(waiting > 0));
  attribute(badge, "title", `${count(waiting)} waiting`);
}

// A part that goes or comes back is said once, also to who does not look at the picture.
function saySwitches(overview) {
  const down = new Set(partsOf(overview).filter(({ state }) => isDownState(state)).map(({ name }) => name));
  const gone = [...down].filter((name) => !wasDown.has(name)).map((name) => `${name} is down`);
  const back = [...wasDown].filter((name) => !down.has(name)).map((name) => `${name} is up again`);
  wasDown = down;
  if (gone.length || back.length) text(document.getElementById("said"), [...gone, ...back].join(", "));
  const pulse = document.getElementById("pulse");
  text(pulse, down.size ? `✕ ${[...down].join(", ")} down` : "● live");
  attribute(pulse, "data-state", down.size ? "down" : "up");
}

let retryAt = 0;
let countdown = null;

function report(outage) {
  const banner = document.getElementById("banner");
  attribute(banner, "hidden", !outage);
  attribute(document.body, "data-stale", Boolean(outage));
  clearInterval(countdown);
  if (!outage) return;
  ({ retryAt } = outage);
  const isRefusal = outage.error instanceof Refused;
  text(document.getElementById("banner-title"), isRefusal ? `The console answers with an error: ${outage.error.message}.` : "The console does not answer.");
  const pulse = document.getElementById("pulse");
  text(pulse, "✕ not live");
  attribute(pulse, "data-state", "down");
  countdown = setInterval(showCountdown, 1000);
  showCountdown();
}

function showCountdown() {
  const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1000));
  // The figures below stay as they were; `make start SERVICE=console` brings it back.
  text(document.getElementById("banner-text"), `What you see is what it said last. Trying again ${seconds ? `in ${seconds} s` : "now"}.`);
  tick();
}

const refresh = polling(work, report);
document.getElementById("banner-retry").addEventListener("click", () => refresh());
addEventListener("hashchange", navigate);
navigate();
