import { Panel } from "../components/panel.js";
import { Empty } from "../components/states.js";
import { WholeTable } from "../components/whole-table.js";
import { Icon } from "../components/icon.js";
import { metrics } from "../lib/api.js";
import { parametersOf } from "../lib/filters.js";
import { breakable, brief, count, unknown } from "../lib/format.js";
import { html } from "../lib/html.js";
import { follow, href } from "../lib/place.js";

const TAKES = ["window", "tz", "repositories", "users", "actors"];
const time = (id, label, title, of) => ({ id, label, title, of, number: true, render: (row) => (row[id] === null ? unknown : brief(3600 * row[id])) });

const COLUMNS = [
  { id: "repository", label: "Repository", wide: true, render: (row) => html`<a href=${href({ repo: row.repository })} onClick=${follow} title=${`Show only ${row.repository}`}>${breakable(row.repository)}</a>` },
  time("median_time_to_first_review_hours", "First review", "median, from ready for review"),
  time("p90_time_to_first_review_hours", "p90", undefined, "First review"),
  time("median_time_to_approval_hours", "Approval", "median, from ready for review"),
  time("p90_time_to_approval_hours", "p90", undefined, "Approval"),
  { id: "total_prs", label: "PRs", number: true, title: "pull requests that became ready in the range", render: (row) => count(row.total_prs) },
];

/** How soon each repository's pull requests are reviewed and approved. `query`: turnaround. */
export const ReviewSpeed = ({ filters, query, span }) => html`<${Panel} title="Speed by repository" note="of what became ready in the range" span=${span} query=${query} height=${320} flush
    tools=${html`<a class="button button-quiet" href=${metrics("turnaround", { list: "by_repository", format: "csv", ...parametersOf(TAKES, filters) })} download="repositories.csv"><${Icon} name="download" />CSV<span class="only-heard"> of all repositories</span></a>`}>
  ${({ by_repository: rows }) => (rows.length ? html`<${WholeTable} caption="Speed by repository" columns=${COLUMNS} rows=${rows} rowKey=${(row) => row.repository} first="repository" name="repositories" />` : html`<${Empty} title="Nothing became ready for review in this range" height=${320} />`)}
<//>`;
