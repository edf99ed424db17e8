import { Panel } from "../components/panel.js";
import { Empty } from "../components/states.js";
import { Exports } from "../components/table.js";
import { Icon } from "../components/icon.js";
import { parametersOf } from "../lib/filters.js";
import { count, percent, plural } from "../lib/format.js";
import { html } from "../lib/html.js";
import { useQuery } from "../lib/query.js";

const TAKES = ["window", "tz", "repositories", "users", "actors"];
const rowsOf = (answer) => ({ rows: answer.data, pagination: answer.pagination });
const EXAMPLE = "teams:\n  storage: [alice, bob]\n  network: [carol]";

/** Who reviews whose pull requests, team by team. */
export function CrossTeam({ filters, span }) {
  const query = useQuery("cross-team-reviews", { page_size: 1 }, { takes: TAKES, filters });
  return html`<${Panel} title="Reviews across teams" note="rows review, columns are reviewed" span=${span} query=${query} height=${240} flush
      tools=${html`<${Exports} path="cross-team-reviews" parameters=${parametersOf(TAKES, filters)} rowsOf=${rowsOf} name="reviews across teams" />`}>
    ${({ summary, teams_file: file }) => html`<${Told} summary=${summary} file=${file} />`}
  <//>`;
}

function Told({ summary, file }) {
  if (summary.total_reviews === null) return html`<${Unconfigured} file=${file} />`;
  const { by_teams: pairs, total_reviews: total, total_cross_team_reviews: across, reviews_without_team: without } = summary;
  return html`${file.state !== "ok" && html`<p class="notice" data-kind="warn"><${Icon} name="warning" />The teams file is ${file.state}: ${file.fault}. What was read before stands.</p>`}
    <p class="padded small soft">${total ? html`${count(across)} of ${plural(total, "review")} (${percent((100 * across) / total, 0)}) crossed teams.` : ""}${without > 0 && html` ${plural(without, "review")} ${without === 1 ? "is" : "are"} of people or pull requests without a team.`}</p>
    ${pairs.length ? html`<${Matrix} pairs=${pairs} />` : html`<${Empty} title="No reviews between known teams" height=${180}>Choose a longer range, or fewer filters.<//>`}`;
}

const Unconfigured = ({ file }) => html`<${Empty} title=${file.state === "none" ? "Teams are not known yet" : "The teams file cannot be used"} height=${240}>
  ${file.fault && html`<p class="bad outside">${file.fault}</p>`}
  <p>Write down who is in which team, and name that file in <code>METRICS_TEAMS_FILE</code>:</p>
  <pre class="example">${EXAMPLE}</pre>
<//>`;

/** Numbers with a ground as strong as they are; within a team is framed. */
function Matrix({ pairs }) {
  const names = (field) => [...new Set(pairs.map((pair) => pair[field]))].sort((a, b) => a.localeCompare(b));
  const [rows, columns] = [names("reviewer_team"), names("pr_team")];
  const by = new Map(pairs.map((pair) => [JSON.stringify([pair.reviewer_team, pair.pr_team]), pair.reviews]));
  const reviews = (row, column) => by.get(JSON.stringify([row, column])) ?? 0;
  const most = Math.max(...pairs.map((pair) => pair.reviews));
  return html`<div class="table-scroll" tabindex="0" role="group" aria-label="Reviews by team">
    <table class="table heat"><caption class="only-heard">Reviews by the reviewer's team, in rows, and the pull request's team, in columns</caption>
      <thead><tr><th scope="col">Reviewers of</th>${columns.map((column) => html`<th key=${column} scope="col" class="number"><span class="outside">${column}</span></th>`)}</tr></thead>
      <tbody>${rows.map((row) => html`<tr key=${row}><th scope="row"><span class="outside">${row}</span></th>${columns.map((column) => html`<td key=${column} class="number" data-own=${row === column || undefined} style=${{ "--heat": reviews(row, column) / most }} title=${`${row} reviewed ${column}: ${reviews(row, column)}`}>${count(reviews(row, column))}</td>`)}</tr>`)}</tbody>
    </table>
  </div>`;
}
