import { Store } from "./store.js";

/** Where the reader is: the page and everything that was chosen, as the address says it. */
export const place = new Store(new URLSearchParams(location.search));

/** What goes along from page to page; the rest belongs to one page. */
export const KEPT = ["range", "from", "to", "tz", "repo", "user", "not", "actors", "maintainers"];

/** The search part of the address after these changes: null takes a parameter away, a list repeats it. */
export function changed(changes, from = place.get()) {
  const next = new URLSearchParams(from);
  for (const [name, value] of Object.entries(changes)) {
    next.delete(name);
    for (const one of Array.isArray(value) ? value : value === null || value === undefined ? [] : [value]) next.append(name, one);
  }
  return next;
}

export function href(changes) {
  const search = changed(changes).toString();
  return `${location.pathname}${search ? `?${search}` : ""}`;
}

/** The address of another page, under the same filters. */
export function hrefOfPage(page, more = {}) {
  const kept = new URLSearchParams([...place.get()].filter(([name]) => KEPT.includes(name)));
  const search = changed({ page: page === "overview" ? null : page, ...more }, kept).toString();
  return `${location.pathname}${search ? `?${search}` : ""}`;
}

/** Go to an address of the dashboard; `replace` leaves no trace in the history. */
export function go(address, { replace = false } = {}) {
  if (address === `${location.pathname}${location.search}`) return;
  history[replace ? "replaceState" : "pushState"](null, "", address);
  place.set(new URLSearchParams(location.search));
}

export const change = (changes, options) => go(href(changes), options);

addEventListener("popstate", () => place.set(new URLSearchParams(location.search)));

/** For onClick of a link within the dashboard: new tabs and downloads stay the browser's. */
export function follow(event) {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  const link = event.currentTarget;
  go(`${link.pathname}${link.search}`);
}
