import { useLayoutEffect, useReducer, useRef } from "preact/hooks";
import { metrics, read } from "./api.js";
import { parametersOf } from "./filters.js";
import { live, noteAnswer, noteCost } from "./live.js";
import { hasMoved, resolve } from "./ranges.js";

/** What was last read, by what was asked: shown at once when it is asked for again. */
const kept = new Map();
const MOST = 200;

/** No answer, or one that says that the database is away or a table not yet built: that passes. */
const PASSING = [0, 502, 503, 504];
const FIRST_PAUSE = 2_000;
const LONGEST_PAUSE = 30_000;

const LOOK = 20_000; // So often: whether time alone has changed what is asked for.

function keep(key, data) {
  kept.delete(key);
  kept.set(key, { data, at: Date.now() });
  if (kept.size > MOST) kept.delete(kept.keys().next().value);
}

/** Something could not be drawn: who begins to draw now asks again, and does not show what was read before. */
export function doubt() {
  for (const [key, answer] of kept) kept.set(key, { ...answer, doubted: true });
}

/** Questions under way: panels that ask the same share one. */
const running = new Map();

/** A list from its first page to its last: the answer of the first, with the rows of all. */
const PAGES = 20;

async function readAll(url, told) {
  const first = await read(url(1), told);
  const pages = Math.min(PAGES, first.pagination.total_pages);
  const others = await Promise.all(Array.from({ length: Math.max(0, pages - 1) }, (_, index) => read(url(index + 2), told)));
  return { ...first, data: [first, ...others].flatMap((answer) => answer.data) };
}

/** `anew`: an answer that was begun before now will not do. */
function ask(key, url, all, anew = false) {
  if (anew && running.has(key)) {
    const again = () => ask(key, url, all);
    return running.get(key).then(again, again);
  }
  if (!running.has(key)) {
    const begun = performance.now();
    const told = (position) => noteAnswer(position, begun);
    const asked = (all ? readAll(url, told) : read(url(), told))
      .then((data) => {
        keep(key, data);
        noteCost(performance.now() - begun);
        return data;
      })
      .finally(() => running.delete(key));
    running.set(key, asked);
  }
  return running.get(key);
}

/** {key, url}: what is asked, and where, of the page `page` where that matters. */
function questionOf(path, parameters, { takes = [], filters = null, all = false }) {
  const chosen = filters === null ? "" : JSON.stringify(takes.map((name) => [name, parametersOf([name], filters, new Date(0))]).concat([[filters.range, filters.from, filters.to]]));
  const url = (page) => metrics(path, { ...parameters, ...(all ? { page, page_size: 100 } : {}), ...(filters === null ? {} : parametersOf(takes, filters)) });
  return { key: `${path} ${all} ${JSON.stringify(parameters)} ${chosen}`, url };
}

/** Ask now what `useQuery` will be asked with the same arguments: it shares the answer. */
export function expect(path, parameters, options) {
  const { key, url } = questionOf(path, parameters, options);
  ask(key, url, options.all).catch(() => {}); // Who shows it asks again, and tells.
}

/**
 * GET api/metrics/<path>: {data, error, loading, at, refresh}.
 * `takes`: the filters that the endpoint understands (names of filters.js: PARAMETERS); it is asked again when one changes,
 * and, in a range that is still running, when events have come, and as it moves on; `still`: never by itself; `every`: also so many
 * milliseconds later; `all`: every page of a list. `path` null asks nothing.
 */
export function useQuery(path, parameters = {}, options = {}) {
  const { takes = [], filters = null, still = false, every = 0, all = false } = options;
  const [, redraw] = useReducer((count) => count + 1, 0);
  const { key, url } = path ? questionOf(path, parameters, options) : { key: null };
  const state = useRef({ key: null, path: null, error: null });
  if (state.current.key !== key) {
    if (kept.get(key)?.doubted) kept.delete(key);
    const before = state.current.path === path ? kept.get(state.current.key)?.data : undefined;
    state.current = { key, path, error: null, before };
  }

  // Before the page is drawn, not after: the service answers meanwhile.
  useLayoutEffect(() => {
    if (key === null) return undefined;
    const own = state.current;
    let waits = null;
    let pause = FIRST_PAUSE;
    let left = false;
    const told = (error) => {
      own.error = error;
      clearTimeout(waits);
      if (error === null) pause = FIRST_PAUSE;
      else if (PASSING.includes(error.status) && !left) {
        waits = setTimeout(refresh, pause, false);
        pause = Math.min(LONGEST_PAUSE, pause * 2);
      }
      if (state.current === own) redraw();
    };
    const refresh = (anew = true) => ask(key, url, all, anew).then(() => told(null), told);
    own.refresh = refresh;
    refresh(false);
    let { tick } = live.get();
    const seen = () => document.visibilityState === "visible";
    const timer = every && setInterval(() => seen() && refresh(), every);
    const moves = !still && filters !== null && takes.includes("window");
    const look = moves && setInterval(() => seen() && kept.has(key) && hasMoved(filters, new Date(kept.get(key).at)) && refresh(), LOOK);
    const leave = live.subscribe((told) => {
      if (told.tick === tick) return;
      tick = told.tick;
      const moving = !still && (filters === null || !takes.includes("window") || resolve(filters).live);
      if (moving && seen()) refresh();
    });
    return () => {
      left = true;
      clearTimeout(waits);
      clearInterval(timer);
      clearInterval(look);
      leave();
    };
  }, [key, every]);

  const found = key === null ? undefined : kept.get(key);
  const { error, before, refresh } = state.current;
  return {
    data: found?.data ?? (error ? undefined : before),
    stale: found === undefined && before !== undefined,
    error,
    loading: key !== null && found === undefined && error === null,
    at: found?.at ?? null,
    refresh: () => refresh?.(),
  };
}
