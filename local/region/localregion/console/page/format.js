// Figures as people read them. Pure functions: what is unknown is a dash, never a zero.

export const UNKNOWN = "–";

export function count(value) {
  return Number.isFinite(value) ? new Intl.NumberFormat("en").format(value) : UNKNOWN;
}

export function rate(value) {
  if (!Number.isFinite(value)) return UNKNOWN;
  return value === 0 ? "0" : value < 10 ? value.toFixed(1) : count(Math.round(value));
}

export function duration(ms) {
  if (!Number.isFinite(ms)) return UNKNOWN;
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 10) return `${ms.toFixed(2)} ms`;
  if (ms < 100) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

export function clock(moment) {
  const date = new Date(moment);
  if (Number.isNaN(date.getTime())) return String(moment ?? UNKNOWN);
  const two = (value) => String(value).padStart(2, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

export const short = (id) => (id && id.length > 13 ? `${id.slice(0, 8)}…${id.slice(-4)}` : (id ?? UNKNOWN));

export const plural = (number, word) => `${count(number)} ${word}${number === 1 ? "" : "s"}`;

// What must not act on a terminal or turn the line around is shown as a sign: control characters and bidi marks.
export function visible(value) {
  return String(value).replace(/[\u0000-\u0008\u000b-\u001f\u007f\u0080-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (sign) => {
    const code = sign.codePointAt(0);
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    return code === 0x7f ? "\u2421" : `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
  });
}

// JSON with line breaks, every literal exactly as it came (a parser would round long numbers); other text unchanged.
export function pretty(body) {
  try {
    JSON.parse(body);
  } catch {
    return visible(body);
  }
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  const tokens = body.match(/"(?:[^"\\]|\\.)*"|[[\]{}:,]|[^\s[\]{}:,"]+/g) ?? [];
  const written = tokens.map((token, index) => {
    if (token === "{" || token === "[") {
      if (/^[}\]]$/.test(tokens[index + 1])) return token;
      depth += 1;
      return token + line();
    }
    if (token === "}" || token === "]") {
      if (/^[{[]$/.test(tokens[index - 1])) return token;
      depth -= 1;
      return line() + token;
    }
    return token === "," ? `,${line()}` : token === ":" ? ": " : token;
  });
  return visible(written.join(""));
}

export function value(thing) {
  return visible(typeof thing === "string" ? thing : JSON.stringify(thing));
}
