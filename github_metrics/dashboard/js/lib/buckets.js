import { clock, dateTime, day, dayShort, monthYear } from "./format.js";
import { useQuery } from "./query.js";
import { bucketFor, resolve } from "./ranges.js";
import { now } from "./clock.js";

/** What all time is probably shown in: asked for at once, so that nothing waits for the first event to be known. */
export const PROBABLE = "week";

/** The bucket in which a window with a beginning is shown; null for all time. */
export function knownBucket(filters) {
  const { start, end } = resolve(filters);
  return start === null ? null : bucketFor((end ?? now()) - start);
}

/** The same; for all time the first event decides, null until it is known. */
export function useBucket(filters) {
  const known = knownBucket(filters);
  const { data } = useQuery(known ? null : "trends", { bucket: PROBABLE, group_by: "event_type" }, { takes: ["window", "tz", "repositories", "users", "actors"], filters, still: true });
  if (known) return known;
  if (!data) return null;
  const first = data.trends[0]?.bucket;
  return first ? bucketFor((resolve(filters).end ?? now()) - new Date(first)) : "day";
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
