import { ApiError, metrics, positionOf, request } from "./api.js";
import { Store } from "./store.js";

const SILENCE = 45_000; // The service sends a ping more often than this.
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;
const HIDDEN = 30_000; // A browser allows six connections to a service, for all its tabs: one that nobody looks at gives its own back.
const LEAD = 150; // Events come in bursts: what follows at once is read together.
const LEAST = 500;
const LONGEST = 20_000;
const REST = 4; // Of the time of a viewer at most one part in so many is spent on reading.

/** connecting, live, reconnecting, or off: `why` says why. `tick` counts the moments at which numbers are to be read again. */
export const live = new Store({ state: "connecting", why: null, tick: 0, since: null });

const listeners = new Set();
let position = null;
let next = null;
let last = 0;
let cost = 0;
let stood = null; // {position, at}: where the stream began to tell, and when that was known.
let lowest = Infinity; // Of the positions up to which answers speak that were asked for before then.

/** Be told of each event as it is projected, once and in order. Returns the function that ends it. */
export function onEvent(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Read everything again, soon, but not more often than answers come: `cost` is how long they took. */
export function stir(delay = LEAD) {
  if (next !== null) return;
  const due = last + Math.min(LONGEST, Math.max(LEAST, REST * cost));
  next = setTimeout(() => {
    next = null;
    last = Date.now();
    live.merge({ tick: live.get().tick + 1 });
  }, Math.max(delay, due - Date.now()));
}

/** An answer took so many milliseconds. */
export const noteCost = (milliseconds) => (cost = Math.max(milliseconds, cost * 0.7));

/** An answer that was asked for at `at` (of performance.now) speaks up to a position. */
export function noteAnswer(upTo, at) {
  if (stood !== null && at > stood.at) return;
  lowest = Math.min(lowest, upTo);
  lookBack();
}

/** What came after an answer and before the stream began is in neither: then all is read again. */
function lookBack() {
  if (stood === null || lowest >= stood.position) return;
  lowest = Infinity;
  stir(0);
}

function take(message) {
  if (message.type !== "metric_update" || (position !== null && message.position <= position)) return;
  for (const listener of [...listeners]) listener(message);
  stir();
}

/** One message of the stream. An id alone says from where to go on, even if that is further back: the log may be another. */
function hear(text) {
  const fields = { data: [] };
  for (const line of text.split(/\r?\n/)) {
    const [, name, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (name === "data") fields.data.push(value);
    else if (name) fields[name] = value;
  }
  if (fields.data.length && !fields.event) take(JSON.parse(fields.data.join("\n")));
  if (/^\d+$/.test(fields.id ?? "")) position = Number(fields.id);
}

/** Server-sent events are lines; an empty one ends a message. */
async function listen(body, alive) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    alive();
    const parts = (rest + value).split(/\r?\n\r?\n/);
    rest = parts.pop();
    parts.forEach(hear);
  }
}

/** Call when the page has been out of sight for a while. Returns the function that ends it. */
function whenHidden(leave) {
  let timer = null;
  const look = () => {
    clearTimeout(timer);
    if (document.visibilityState === "hidden") timer = setTimeout(leave, HIDDEN);
  };
  document.addEventListener("visibilitychange", look);
  look();
  return () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", look);
  };
}

/** Until somebody looks at the page. */
function visible() {
  return new Promise((resolve) => {
    const look = () => {
      if (document.visibilityState === "hidden") return;
      document.removeEventListener("visibilitychange", look);
      resolve();
    };
    document.addEventListener("visibilitychange", look);
    look();
  });
}

/** Listen until it ends, or the connection breaks off, which throws. `begun` is called when it stands. */
async function once(begun) {
  const silent = new AbortController();
  let timer = null;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silent.abort(), SILENCE);
  };
  alive();
  const lost = () => silent.abort();
  addEventListener("offline", lost);
  const seen = whenHidden(lost);
  try {
    const headers = { Accept: "text/event-stream", ...(position === null ? {} : { "Last-Event-ID": String(position) }) };
    const answer = await request(metrics("stream"), { headers, signal: silent.signal, cache: "no-store" });
    begun();
    live.merge({ state: "live", why: null, since: Date.now() });
    stood = { position: positionOf(answer), at: performance.now() };
    if (position === null) lookBack();
    else stir(0);
    await listen(answer.body, alive);
  } finally {
    clearTimeout(timer);
    removeEventListener("offline", lost);
    seen();
  }
}

/** Follow the stream for as long as the page is open. */
export async function followStream() {
  let pause = FIRST_PAUSE;
  for (;;) {
    await visible();
    try {
      await once(() => (pause = FIRST_PAUSE));
    } catch (error) {
      if (error instanceof ApiError && [403, 404, 405].includes(error.status)) {
        live.merge({ state: "off", why: "This service has no live stream." });
        return;
      }
    }
    live.merge({ state: "reconnecting", why: null });
    await new Promise((resolve) => {
      const timer = setTimeout(done, pause * (0.75 + Math.random() / 2));
      function done() {
        clearTimeout(timer);
        removeEventListener("online", done);
        resolve();
      }
      addEventListener("online", done);
    });
    pause = Math.min(LONGEST_PAUSE, pause * 2);
  }
}

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") stir(0);
});
