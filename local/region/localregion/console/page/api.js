// The console's JSON API, asked from the page that the console served: same origin, no credentials, nothing stored.

const TIMEOUT_MS = 8000;

// The console answered with an error: `status` and `problem` (RFC 9457) say which.
export class Refused extends Error {
  constructor(status, problem) {
    super(problem?.detail ?? problem?.title ?? `status ${status}`);
    this.status = status;
    this.problem = problem;
  }
}

export const get = (path, signal) => ask(path, {}, signal);

// Always JSON, always with its content type: the console refuses anything else, and so does a browser across origins.
export const post = (path, body = {}) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

async function ask(path, options, signal) {
  const limits = [AbortSignal.timeout(options.method ? 60_000 : TIMEOUT_MS), ...(signal ? [signal] : [])];
  const answer = await fetch(path, { ...options, cache: "no-store", signal: AbortSignal.any(limits) });
  const text = await answer.text();
  if (!answer.ok) throw new Refused(answer.status, parsed(text));
  return JSON.parse(text);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
