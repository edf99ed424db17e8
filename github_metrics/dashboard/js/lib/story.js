import { day } from "./format.js";

/** Kinds of what happens to a pull request: how each is marked. What is not named is "other". */
const KINDS = {
  pr_opened: "life", pr_reopened: "life", ready_for_review: "life", converted_to_draft: "life", pr_merged: "merged", pr_closed: "life",
  review_approved: "good", review_changes: "bad", review_comment: "review", review_edited: "review", review_dismissed: "review",
  approved_label: "good", lgtm: "good", verified: "good",
  commit: "commit", check_run: "checks", comment: "comment", code_comment: "comment", deployment: "deployment", deployment_status: "deployment",
};

export function kindOf(event) {
  if (event.event_type === "check_run") return event.children?.some((check) => check.failed) ? "checks-bad" : "checks";
  return KINDS[event.event_type] ?? "other";
}

/** Events under the day, in the zone, on which they happened; those without a time at the end. */
export function byDay(events, zone) {
  const days = new Map();
  for (const event of events) {
    const name = event.timestamp ? day(event.timestamp, zone) : "Without a time";
    if (!days.has(name)) days.set(name, []);
    days.get(name).push(event);
  }
  return [...days].map(([name, told]) => ({ name, events: told }));
}

const BOUNDARIES = ["opened_at", "ready_at", "first_review_at", "approved_at"];

/**
 * The four phases as {start, end, seconds, state}, dates or null: "done", "running" (up to `now`, or to the close) or "none".
 * Of a merged pull request they add up to its cycle time; `explained` is the answer of explain.
 */
export function phasesOf(explained, now) {
  const at = Object.fromEntries(explained.boundaries.map(({ name, value }) => [name, value === null ? null : new Date(value)]));
  const end = at.merged_at ?? at.closed_at ?? now;
  const points = BOUNDARIES.map((name) => at[name]);
  return points.map((start, index) => {
    const next = index === BOUNDARIES.length - 1 ? at.merged_at : points[index + 1];
    if (start === null) return { start: null, end: null, seconds: null, state: "none" };
    const until = next ?? end;
    return { start, end: until, seconds: Math.max(0, (until - start) / 1000), state: next ? "done" : "running" };
  });
}

/** Only what a browser can safely be led to. */
export const webAddress = (url) => (/^https?:\/\//i.test(url ?? "") ? url : null);
