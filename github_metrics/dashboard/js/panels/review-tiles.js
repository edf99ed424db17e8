import { Failure } from "../components/states.js";
import { Tile, Tiles } from "../components/tile.js";
import { brief, count, fixed, percent, plural } from "../lib/format.js";
import { html } from "../lib/html.js";

const hours = (value) => (value === null || value === undefined ? null : brief(3600 * value));
const upTo = (p90) => p90 !== null && `p90 ${p90}`;

/** The state of reviews in six numbers, none of them about one person. */
export function ReviewTiles({ turnaround, reviewers, threads }) {
  const failed = [turnaround, reviewers, threads].find((query) => query.error && !query.data);
  if (failed) return html`<${Failure} error=${failed.error} retry=${failed.refresh} height=${106} />`;
  const [pulls, load, talk] = [turnaround.data?.summary, reviewers.data?.summary, threads.data?.summary];
  const speed = (name) => pulls && { value: hours(pulls[`median_${name}_hours`]), detail: upTo(hours(pulls[`p90_${name}_hours`])) };
  const answer = load?.response_time;
  return html`<${Tiles} label="Reviews">
    <${Tile} label="Time to first review" title="Median, from ready for review, of what became ready in the range" loading=${!pulls} ...${speed("time_to_first_review")} />
    <${Tile} label="Time to approval" title="Median, from ready for review to an approving review" loading=${!pulls} ...${speed("time_to_approval")} />
    <${Tile} label="Response to a request" title="Median, from a request of the range to that person's review" loading=${!load} value=${load && (answer.median === null ? null : brief(answer.median))} detail=${load && upTo(answer.p90 === null ? null : brief(answer.p90))} />
    <${Tile} label="Waiting for review" title="Requests of open pull requests that are not answered yet, whenever they were made" loading=${!load} value=${load && count(load.open_requests)} detail="requests now" />
    <${Tile} label="Review rounds" title="Mean number of rounds of a pull request reviewed in the range" loading=${!load} value=${load && (load.review_rounds.mean === null ? null : fixed(load.review_rounds.mean))} detail=${load && `mean of ${plural(load.review_rounds.count, "PR")}`} />
    <${Tile} label="Threads resolved" title="Of the threads of comments that began in the range" loading=${!talk} value=${talk && (talk.resolution_rate === null ? null : percent(talk.resolution_rate))} detail=${talk && `${count(talk.resolved_threads)} of ${count(talk.total_threads_analyzed)}`} />
  <//>`;
}
