// Ask again and again, about once a second: not while nobody looks, more rarely while nobody answers.

const EVERY_MS = 1000;
const EVERY_MS_MAX = 15_000;

// `work(signal)` asks once; `report` is told of every outage ({error, retryAt}) and, with null, of its end.
export function polling(work, report) {
  let timer = null;
  let running = null;
  let pause = EVERY_MS;

  async function once() {
    clearTimeout(timer);
    running?.abort();
    const mine = (running = new AbortController());
    try {
      await work(mine.signal);
      if (mine.signal.aborted) return;
      pause = EVERY_MS;
      report(null);
    } catch (error) {
      if (mine.signal.aborted) return;
      pause = Math.min(pause * 2, EVERY_MS_MAX);
      report({ error, retryAt: Date.now() + pause });
    }
    if (!document.hidden) timer = setTimeout(once, pause);
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) clearTimeout(timer);
    else once();
  });
  return once;
}
