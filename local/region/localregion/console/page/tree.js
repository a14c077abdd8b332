// The sequence in which a trace's spans are read: each below its parent, by time; invocations that only link to the
// trace after it, each below a separator. Pure.

// Rows: {span, depth, foreign} for a span, {separator, traceId, spans, linkCount} before a linked invocation.
export function rows(trace) {
  const own = trace.spans.filter((span) => span.traceId === trace.traceId);
  const linked = new Map();
  for (const span of trace.spans) {
    if (span.traceId === trace.traceId) continue;
    if (!linked.has(span.traceId)) linked.set(span.traceId, []);
    linked.get(span.traceId).push(span);
  }
  return [...below(own), ...[...linked].flatMap(([traceId, spans]) => [separator(traceId, spans), ...below(spans)])];
}

function separator(traceId, spans) {
  const linkCount = Math.max(0, ...spans.map((span) => span.linkCount ?? span.links?.length ?? 0));
  return { separator: true, key: `linked ${traceId}`, traceId, spans, linkCount, service: spans[0].service };
}

function below(spans) {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const children = new Map();
  const roots = [];
  for (const span of [...spans].sort((one, other) => one.start - other.start)) {
    const family = byId.has(span.parent) && span.parent !== span.spanId ? children.get(span.parent) : roots;
    if (family) family.push(span);
    else children.set(span.parent, [span]);
  }
  const found = [];
  const walk = (span, depth, service) => {
    found.push({ key: span.spanId, span, depth, hasNewService: span.service !== service, isFar: depth === 0 && Boolean(span.parent) });
    for (const child of children.get(span.spanId) ?? []) walk(child, depth + 1, span.service);
  };
  for (const root of roots) walk(root, 0, null);
  return found;
}

// The log lines of a span and of everything below it; a span without any shows those of what it is part of.
export function linesOf(trace, spanId) {
  const byId = new Map(trace.spans.map((span) => [span.spanId, span]));
  const seen = new Set();
  for (let id = spanId; byId.has(id) && !seen.has(id); id = byId.get(id).parent) {
    seen.add(id);
    const mine = family(trace, id);
    const found = (trace.logs ?? []).filter((line) => mine.has(line.spanId));
    if (found.length) return found;
  }
  return [];
}

function family(trace, spanId) {
  const found = new Set([spanId]);
  let size = 0;
  while (size !== found.size) {
    size = found.size;
    for (const span of trace.spans) if (found.has(span.parent)) found.add(span.spanId);
  }
  return found;
}
