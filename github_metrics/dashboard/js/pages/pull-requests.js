import { html } from "../lib/html.js";
import { TAKES } from "../lib/pull-requests.js";
import { useQuery } from "../lib/query.js";
import { CyclePhases } from "../panels/cycle-phases.js";
import { CycleSpread } from "../panels/cycle-spread.js";
import { OpenWork } from "../panels/open-work.js";
import { PullRequestHeadlines } from "../panels/pr-headlines.js";
import { PullRequestsTable } from "../panels/pull-requests-table.js";
import { Throughput } from "../panels/throughput.js";

export const takes = [...TAKES, "tz"];
const MOST_WEEKS = 1000;

/** Where the time of pull requests goes, what is open, and every one of them. */
export default function PullRequests({ filters }) {
  const lifecycle = useQuery("lifecycle", { group: "week", page_size: MOST_WEEKS }, { takes, filters });
  return html`
    <${PullRequestHeadlines} filters=${filters} lifecycle=${lifecycle} />
    <div class="grid">
      <${CyclePhases} filters=${filters} lifecycle=${lifecycle} span="span-8" />
      <${CycleSpread} lifecycle=${lifecycle} span="span-4" />
      <${Throughput} filters=${filters} lifecycle=${lifecycle} span="span-6" />
      <${OpenWork} filters=${filters} span="span-6" />
      <${PullRequestsTable} filters=${filters} />
    </div>`;
}
