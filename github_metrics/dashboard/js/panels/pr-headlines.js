import { Failure } from "../components/states.js";
import { Change, Tile, Tiles } from "../components/tile.js";
import { before, trend } from "../lib/compare.js";
import { count, duration, percent, plural } from "../lib/format.js";
import { html } from "../lib/html.js";
import { TAKES, TAKES_ALWAYS } from "../lib/pull-requests.js";
import { useQuery } from "../lib/query.js";

const HOUR = 3600;
const seconds = (hours) => (hours === null || hours === undefined ? null : hours * HOUR);
const TO_REVIEW = "median_time_to_first_review_hours";

/** A duration whose numbers stand out from their units. */
function large(value) {
  if (value === null || value === undefined) return null;
  return duration(value).split(" ").map((part, index) => (index % 2 ? html` <small>${part}</small> ` : part));
}

/** How many there are, whatever the window: of what is open now. */
function useTotal(filters, parameters) {
  const query = useQuery("pull-requests", { ...parameters, page_size: 1 }, { takes: TAKES_ALWAYS, filters });
  return { ...query, total: query.data?.pagination.total };
}

/** The numbers of the window against those of the window before, and what is open now. */
export function PullRequestHeadlines({ filters, lifecycle }) {
  const earlier = before(filters);
  const past = useQuery(earlier && "lifecycle", { group: "all" }, { takes: TAKES, filters: earlier });
  const speed = useQuery("turnaround", {}, { takes: TAKES, filters });
  const pastSpeed = useQuery(earlier && "turnaround", {}, { takes: TAKES, filters: earlier });
  const open = useTotal(filters, { state: "open" });
  const drafts = useTotal(filters, { state: "open", draft: true });
  const stale = useTotal(filters, { state: "open", stale: true });
  const failed = [lifecycle, speed, open, stale].find((one) => one.error && !one.data);
  if (failed) return html`<${Failure} error=${failed.error} retry=${failed.refresh} height=${120} />`;
  const [now, then] = [lifecycle.data?.total, past.data?.total];
  const [quick, quickThen] = [speed.data?.summary, pastSpeed.data?.summary];
  const change = (query, value, better) => earlier && (query.data || query.error) && html`<${Change} value=${value} better=${better} />`;
  const unreviewed = now?.merged_count ? (100 * now.merged_without_review_count) / now.merged_count : null;
  const unreviewedThen = then?.merged_count ? (100 * then.merged_without_review_count) / then.merged_count : null;
  return html`<${Tiles} label="Headline numbers">
    <${Tile} label="Cycle time" loading=${!now} value=${large(now?.cycle_time.median)} title="Median time from opened to merged, of what was merged in the range" change=${change(past, trend(now?.cycle_time.median, then?.cycle_time.median), "less")} detail="median" />
    <${Tile} label="Time to first review" loading=${!quick} value=${large(seconds(quick?.[TO_REVIEW]))} title="Median time from ready for review to the first review by another person, of what became ready in the range" change=${change(pastSpeed, trend(quick?.[TO_REVIEW], quickThen?.[TO_REVIEW]), "less")} detail="median" />
    <${Tile} label="Merged" loading=${!now} value=${count(now?.merged_count)} title="Pull requests merged in the range" change=${change(past, trend(now?.merged_count, then?.merged_count), "more")} detail=${earlier ? "in the range" : "pull requests"} />
    <${Tile} label="Merged unreviewed" loading=${!now} value=${unreviewed === null ? null : percent(unreviewed)} title="Of what was merged in the range: no other person had reviewed it" change=${change(past, trend(unreviewed, unreviewedThen), "less")} detail=${now && `${count(now.merged_without_review_count)} of ${count(now.merged_count)}`} />
    <${Tile} label="Open now" loading=${open.total === undefined} value=${count(open.total)} title="Open pull requests, whatever the range" detail=${drafts.total === undefined ? "" : `of them ${plural(drafts.total, "draft")}`} />
    <${Tile} label="Stale now" loading=${stale.total === undefined} value=${count(stale.total)} title="Open, no draft, and untouched for 14 days but by the author and bots" detail=${open.total ? `${percent((100 * stale.total) / open.total)} of the open ones` : "untouched for 14 days"} />
  <//>`;
}
