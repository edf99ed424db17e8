import { clock, dateTime, day, dayShort, monthYear } from "./format.js";
import { useQuery } from "./query.js";
import { bucketFor, resolve } from "./ranges.js";
import { now } from "./clock.js";

/** What all time is probably shown in: asked for at once, so that nothing waits for the first event to be known. */
export const PROBABLE = "week";

/** The bucket in which the chosen window is shown; for all time the first event decides, null until it is known. */
export function useBucket(filters) {
  const { start, end } = resolve(filters);
  const open = start === null;
  const { data } = useQuery(open ? "trends" : null, { bucket: PROBABLE, group_by: "event_type" }, { takes: ["window", "tz", "repositories", "users", "actors"], filters, still: true });
  if (!open) return bucketFor((end ?? now()) - start);
  if (!data) return null;
  const first = data.trends[0]?.bucket;
  return first ? bucketFor((end ?? now()) - new Date(first)) : "day";
}

/** A bucket on an axis. */
export function bucketLabel(at, bucket, zone) {
  if (bucket === "hour") return clock(at, zone) === "00:00" ? dayShort(at, zone) : clock(at, zone);
  return bucket === "month" ? monthYear(at, zone) : dayShort(at, zone);
}

/** A bucket in a sentence. */
export function bucketTitle(at, bucket, zone) {
  if (bucket === "hour") return dateTime(at, zone);
  if (bucket === "month") return monthYear(at, zone);
  return bucket === "week" ? `Week from ${day(at, zone)}` : day(at, zone);
}
