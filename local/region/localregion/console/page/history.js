// The last minutes of each figure, in the page's memory: what a sparkline draws. A reload begins anew.

import { attribute, s } from "./dom.js";

const KEPT_MS = 5 * 60_000;
const WIDTH = 120;
const HEIGHT = 26;

// Samples by time, so that a pause (hidden tab, console away) is a gap and not a line.
export function history() {
  const samples = [];
  return {
    samples,
    add(value, at = Date.now()) {
      samples.push({ at, value: Number.isFinite(value) ? value : null });
      while (samples.length && samples[0].at < at - KEPT_MS) samples.shift();
    },
  };
}

// A drawing of a history: the newest at the right edge, the largest at the top.
export function sparkline() {
  const area = s("path", { class: "spark-area" });
  const line = s("path", { class: "spark-line" });
  const node = s("svg", { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" }, area, line);
  return {
    node,
    update(samples) {
      const drawn = paths(samples);
      attribute(line, "d", drawn.line);
      attribute(area, "d", drawn.area);
    },
  };
}

export function peak(samples) {
  return samples.reduce((most, { value }) => Math.max(most, value ?? 0), 0);
}

function paths(samples) {
  const end = samples.at(-1)?.at ?? 0;
  // At least a minute wide: the first samples do not stretch over the whole picture.
  const span = Math.max(60_000, end - (samples[0]?.at ?? end));
  const most = Math.max(peak(samples), 1);
  const parts = runs(samples).map((run) =>
    run.map(({ at, value }) => `${(WIDTH - ((end - at) / span) * WIDTH).toFixed(1)} ${(HEIGHT - 1.5 - (value / most) * (HEIGHT - 4)).toFixed(1)}`),
  );
  return {
    line: parts.map((points) => `M${points.join("L")}`).join(""),
    area: parts.map((points) => `M${points[0].split(" ")[0]} ${HEIGHT}L${points.join("L")}L${points.at(-1).split(" ")[0]} ${HEIGHT}Z`).join(""),
  };
}

function runs(samples) {
  const all = [];
  let last = null;
  for (const sample of samples) {
    if (sample.value === null) last = null;
    else if (last && sample.at - last < 10_000) all.at(-1).push(sample);
    else all.push([sample]);
    if (sample.value !== null) last = sample.at;
  }
  return all;
}
