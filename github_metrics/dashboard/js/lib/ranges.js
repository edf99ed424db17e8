import { now } from "./clock.js";
import { beginning } from "./zones.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A range that ends now is as long as its `length`; one of the calendar begins with a `unit`, `by` of them ago. */
export const QUICK = [
  { id: "1h", label: "Last hour", length: HOUR },
  { id: "24h", label: "Last 24 hours", length: DAY },
  { id: "7d", label: "Last 7 days", length: 7 * DAY },
  { id: "30d", label: "Last 30 days", length: 30 * DAY },
  { id: "90d", label: "Last 90 days", length: 90 * DAY },
  { id: "365d", label: "Last 12 months", length: 365 * DAY },
  { id: "today", label: "Today", unit: "day", by: 0 },
  { id: "yesterday", label: "Yesterday", unit: "day", by: -1 },
  { id: "this-week", label: "This week", unit: "week", by: 0 },
  { id: "last-week", label: "Last week", unit: "week", by: -1 },
  { id: "this-month", label: "This month", unit: "month", by: 0 },
  { id: "last-month", label: "Last month", unit: "month", by: -1 },
  { id: "all", label: "All time" },
];
export const DEFAULT = "30d";

const known = new Map([...QUICK, { id: "48h", label: "Last two days", length: 2 * DAY }].map((range) => [range.id, range]));

const date = (text) => {
  const read = new Date(text ?? "");
  const year = read.getUTCFullYear();
  return year >= 1 && year <= 9999 ? read : null; // NaN is neither.
};

/** {start, end, live}: dates or null for an open side. `live`: what comes in now belongs to it.
 *  A range that ends now ends with this minute, so that it counts what has just come and can be asked for again. */
export function resolve({ range, from, to, tz }, at = now()) {
  if (range === "custom") {
    const [start, end] = [date(from), date(to)];
    return { start, end, live: end === null || end > at };
  }
  const asked = known.get(range) ?? known.get(DEFAULT);
  const minute = new Date((Math.floor(at.getTime() / MINUTE) + 1) * MINUTE);
  if (asked.length) return { start: new Date(minute - asked.length), end: minute, live: true };
  if (!asked.unit) return { start: null, end: null, live: true };
  const start = beginning(asked.unit, at, tz, asked.by);
  return asked.by === 0 ? { start, end: minute, live: true } : { start, end: beginning(asked.unit, at, tz, asked.by + 1), live: false };
}

/**
 * Whether time alone has changed the window since `then`: it has ended, is of another day, or ends now and has moved by a
 * sixtieth of its length, or a minute if that is more.
 */
export function hasMoved(filters, then, at = now()) {
  const [before, after] = [resolve(filters, then), resolve(filters, at)];
  if (before.live !== after.live) return true;
  if (after.start === null || before.start.getTime() === after.start.getTime()) return false;
  return !after.live || after.start - before.start >= Math.max(MINUTE, (after.end - after.start) / 60);
}

export const labelOf = (range) => known.get(range)?.label ?? "Custom range";
export const isKnown = (range) => known.has(range);

/** The bucket in which a window of this length, in milliseconds, is shown: 30 to 100 of them. */
export function bucketFor(length) {
  if (length <= 4 * DAY) return "hour";
  if (length <= 120 * DAY) return "day";
  return length <= 3 * 365 * DAY ? "week" : "month";
}
