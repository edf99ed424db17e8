import { knownBucket, PROBABLE } from "../lib/buckets.js";
import { expect } from "../lib/query.js";

export const takes = ["window", "tz", "repositories", "users", "actors"];

/** What most of the overview is drawn from, as arguments of `useQuery`. */
export const summaryOf = (filters) => ["summary", {}, { takes: takes.filter((one) => one !== "tz"), filters }];
export const trendsOf = (filters, bucket) => ["trends", { bucket: bucket ?? PROBABLE, group_by: "event_type" }, { takes, filters }];
export const tookOf = (filters, bucket) => [bucket ? "trends" : null, { bucket, durations: true }, { takes, filters }];

/** Ask before there is anything to draw on: these take the service longest. */
export function expectOverview(filters) {
  expect(...trendsOf(filters, knownBucket(filters)));
  expect(...summaryOf(filters));
}
