// The console's page: which view the location asks for, and the one poll a second that keeps it up to date.
// No build step, no dependency, no network but the console itself; what the page shows is JSON under /api for scripts.

import { Refused, get } from "./api.js";
import { attribute, text, tick } from "./dom.js";
import project from "./extension.js";
import { FIGURES, figures } from "./figures.js";
import { functionsView } from "./functions.js";
import { navigation } from "./nav.js";
import { overviewView } from "./overview.js";
import { isDownState, partsOf } from "./parts.js";
import { polling } from "./polling.js";
import { traceView, tracesView } from "./trace.js";

const own = {
  overview: { name: "overview", label: "Overview", view: () => overviewView(project, kept) },
  traces: { name: "traces", label: "Traces", view: () => tracesView(project.subject), detail: (id) => traceView(id, project.subject) },
  functions: { name: "functions", label: "Functions", view: () => functionsView() },
};
const views = project.views?.(own) ?? Object.values(own);
const nav = navigation(document.querySelector("nav"), views);
const name = project.name ?? "console";
text(document.getElementById("brand"), name);

const main = document.getElementById("main");
const kept = figures(project.figures?.(FIGURES) ?? Object.values(FIGURES));
const lists = new Map(); // they keep their filter and place while one looks at a detail
const places = new Map();
let view = null;
let hash = null;
let notice = null;
let wasDown = new Set();

function route() {
  const [wanted = "", id] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  const known = views.find((one) => one.name === wanted) ?? own.overview;
  if (id && known.detail) return { name: known.name, view: known.detail(id), isKept: false };
  if (!lists.has(known)) lists.set(known, known.view());
  if (id) lists.get(known).choose?.(id);
  return { name: known.name, view: lists.get(known), isKept: true };
}

function navigate() {
  const isFirst = view === null;
  if (!isFirst) places.set(hash, scrollY);
  hash = location.hash;
  const found = route();
  view = found.view;
  main.replaceChildren(view.node);
  notice = null;
  document.title = `${view.title} · ${name}`;
  nav.current(found.name);
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
  kept.remember(overview);
  shown.show?.(overview);
  showNotice(answered);
  nav.update(overview);
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
