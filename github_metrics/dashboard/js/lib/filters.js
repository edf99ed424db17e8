import { useEffect, useMemo, useReducer } from "preact/hooks";
import { now } from "./clock.js";
import { place } from "./place.js";
import { DEFAULT, isKnown, resolve } from "./ranges.js";
import { useStore } from "./store.js";
import { LOCAL, zoneOf } from "./zones.js";

const ACTORS = ["human", "bot", "all"];

/** The filters of an address. */
export function filtersOf(parameters) {
  const range = parameters.get("range");
  const actors = parameters.get("actors");
  return {
    range: range === "custom" || isKnown(range) ? range : DEFAULT,
    from: parameters.get("from"),
    to: parameters.get("to"),
    tz: zoneOf(parameters.get("tz")) ?? LOCAL,
    repositories: parameters.getAll("repo"),
    users: parameters.getAll("user"),
    excluded: parameters.getAll("not"),
    actors: ACTORS.includes(actors) ? actors : null,
    maintainers: parameters.get("maintainers") !== "no",
  };
}

export function useFilters() {
  const search = useStore(place);
  return useMemo(() => filtersOf(search), [search]);
}

/** Draw again when time makes the range another: when it ends, or another day begins. */
export function useEnding(filters) {
  const [, redraw] = useReducer((count) => count + 1, 0);
  useEffect(() => {
    const shown = () => {
      const { start, end, live } = resolve(filters);
      return live ? "live" : `${start} ${end}`;
    };
    let before = shown();
    const timer = setInterval(() => {
      if (shown() === before) return;
      before = shown();
      redraw();
    }, 1_000);
    return () => clearInterval(timer);
  }, [filters]);
}

/** Whether anything but the time is filtered. */
export const isFiltered = (filters) =>
  filters.repositories.length + filters.users.length + filters.excluded.length > 0 || filters.actors !== null || !filters.maintainers;

const iso = (date) => date?.toISOString().replace(".000Z", "Z") ?? null;

/** Filter -> the parameters of an endpoint that takes it. */
const PARAMETERS = {
  window: (filters, at) => {
    const { start, end } = resolve(filters, at);
    return { start_time: iso(start), end_time: iso(end) };
  },
  tz: (filters) => ({ tz: filters.tz }),
  repositories: (filters) => ({ repositories: filters.repositories }),
  repository: (filters) => ({ repository: filters.repositories }),
  users: (filters) => ({ users: filters.users, exclude_users: [...filters.excluded, ...(filters.maintainers ? [] : maintainers)] }),
  actors: (filters) => ({ actors: filters.actors }),
};

/** Logins that `exclude maintainers` leaves out; known once the filter bar has asked for them. */
let maintainers = [];
export const learnMaintainers = (logins) => (maintainers = logins);

/** What an endpoint that takes these filters is asked: names of PARAMETERS. */
export const parametersOf = (taken, filters, at = now()) => Object.assign({}, ...taken.map((name) => PARAMETERS[name](filters, at)));
