import { resolve } from "./ranges.js";

const iso = (date) => date.toISOString().replace(".000Z", "Z");

/** The same filters over the window of the same length just before; null where the window has an open side. */
export function before(filters) {
  const { start, end } = resolve(filters);
  if (start === null || end === null) return null;
  return { ...filters, range: "custom", from: iso(new Date(start - (end - start))), to: iso(start) };
}

/** The change in percent, as the service's own trends have it: null where there is nothing to compare with. */
export function trend(now, then) {
  if (now === null || now === undefined || then === null || then === undefined) return null;
  if (then === 0) return now === 0 ? 0 : null;
  return Math.round((1000 * (now - then)) / then) / 10;
}
