// Where moments stand on a trace's time axis. A wait in which no span runs (the relay's schedule, an outage) is folded:
// milliseconds of work stay visible beside a minute of waiting, and the fold says how long it was. Pure.

const FOLDED = 0.07;
const NARROWEST = 0.14;

export function timeScale(spans) {
  const busy = merged(spans);
  const work = busy.reduce((sum, { from, to }) => sum + to - from, 0) || 1;
  const segments = joined(busy, Math.max(work * 0.6, 5));
  const folds = segments.length - 1;
  const folded = Math.min(FOLDED, 0.4 / Math.max(folds, 1));
  const free = 1 - folds * folded;
  const widths = shares(segments.map(({ from, to }) => Math.max(to - from, 0.001)), Math.min(NARROWEST, 0.5 / segments.length));
  let x = 0;
  segments.forEach((segment, index) => {
    Object.assign(segment, { x, width: widths[index] * free });
    x += segment.width + folded;
  });
  const origin = segments[0]?.from ?? 0;
  return { segments, origin, folds: foldsOf(segments, folded), at: (ms) => position(segments, ms), ticks: () => segments.flatMap((segment) => ticks(segment, origin)) };
}

function merged(spans) {
  const found = [];
  const intervals = spans.map(({ start, duration }) => ({ from: start, to: start + (duration || 0) }));
  for (const { from, to } of intervals.sort((one, other) => one.from - other.from)) {
    const last = found.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else found.push({ from, to });
  }
  return found;
}

// Only gaps longer than `most` stay gaps.
function joined(intervals, most) {
  const found = [];
  for (const { from, to } of intervals) {
    const last = found.at(-1);
    if (last && from - last.to <= most) last.to = to;
    else found.push({ from, to });
  }
  return found;
}

// By length, but none below the narrowest; together 1.
function shares(lengths, narrowest) {
  const sum = lengths.reduce((one, other) => one + other, 0);
  const raised = lengths.map((length) => Math.max(length / sum, narrowest));
  const all = raised.reduce((one, other) => one + other, 0);
  return raised.map((share) => share / all);
}

function foldsOf(segments, width) {
  return segments.slice(1).map((next, index) => ({ x: next.x - width, width, ms: next.from - segments[index].to }));
}

function position(segments, ms) {
  for (const { from, to, x, width } of segments) {
    if (ms < from) return x;
    if (ms <= to) return x + (to === from ? 0 : ((ms - from) / (to - from)) * width);
  }
  return 1;
}

function ticks({ from, to, x, width }, origin) {
  const length = to - from;
  const most = Math.max(1, Math.floor(width * 7));
  const step = nice(length / most);
  const first = { x, ms: from - origin, within: 0 };
  const found = [first];
  for (let at = step; at <= length - step * 0.4 && length > 0; at += step) found.push({ x: x + (at / length) * width, ms: from - origin + at, within: at });
  return found;
}

function nice(rough) {
  const power = 10 ** Math.floor(Math.log10(Math.max(rough, 1e-3)));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999);
}
