import { Badge } from "../components/badge.js";
import { Panel } from "../components/panel.js";
import { Person } from "../components/person.js";
import { Empty } from "../components/states.js";
import { DataTable, Exports } from "../components/table.js";
import { WholeTable } from "../components/whole-table.js";
import { parametersOf } from "../lib/filters.js";
import { brief, count, plural, unknown } from "../lib/format.js";
import { html } from "../lib/html.js";

const TAKES = ["window", "tz", "repositories", "users", "actors"];
const rowsOf = (answer) => ({ rows: answer.bottlenecks.by_approver, pagination: answer.bottlenecks.pagination });
const hours = (value) => (value === null ? unknown : brief(3600 * value));
const DAY = 24;

/** Two days are critical and one is a warning, as in the API's alerts. */
const Slow = ({ median }) => (median > 2 * DAY ? html`<${Badge} kind="bad">over 2 d<//>` : median > DAY ? html`<${Badge} kind="warn">over 1 d<//>` : null);

const COLUMNS = [
  { id: "approver", label: "Approver", wide: true, render: (row) => html`<${Person} login=${row.approver} role="pr_approvers" />` },
  { id: "median_approval_hours", label: "Median", of: "Approval", number: true, render: (row) => hours(row.median_approval_hours) },
  { id: "p90_approval_hours", label: "p90", of: "Approval", number: true, render: (row) => hours(row.p90_approval_hours) },
  { id: "total_approvals", label: "Approvals", number: true, render: (row) => count(row.total_approvals) },
  { id: "slow", label: "", of: "Alert", value: null, render: (row) => html`<${Slow} median=${row.median_approval_hours} />` },
];

/** Where approvals wait: all together, then by approver. `query`: team dynamics, as many rows as a page holds. */
export const Bottlenecks = ({ filters, query, span }) => html`<${Panel} title="Bottlenecks" note="from ready for review to approval" span=${span} query=${query} height=${320} flush
    tools=${html`<${Exports} path="team-dynamics" parameters=${{ list: "bottlenecks", ...parametersOf(TAKES, filters) }} rowsOf=${rowsOf} name="bottlenecks" />`}>
  ${({ bottlenecks }) => html`<${Told} ...${bottlenecks} />`}
<//>`;

function Told({ summary, alerts_pagination: alerts, by_approver: rows, pagination }) {
  const whole = rows.length === pagination.total;
  const table = { caption: "Approvers", columns: COLUMNS, rows, rowKey: (row) => row.approver };
  return html`<dl class="figures padded">
      <div><dt>Not approved yet</dt><dd class="numbers">${count(summary.pending_count)}</dd></div>
      <div><dt>Median</dt><dd class="numbers">${hours(summary.median_approval_hours)}</dd></div>
      <div><dt>p90</dt><dd class="numbers">${hours(summary.p90_approval_hours)}</dd></div>
      <div><dt>Over a day</dt><dd class="numbers" title="approvers whose median is more than a day">${plural(alerts.total, "person", "people")}</dd></div>
    </dl>
    ${pagination.total === 0 ? html`<${Empty} title="Nothing was approved in this range" height=${200} />` : whole ? html`<${WholeTable} ...${table} first="approver" name="approvers" />` : html`<p class="padded small soft">The ${count(rows.length)} who approved most, of ${count(pagination.total)}; the files have all.</p><${DataTable} ...${table} maxHeight=${420} />`}`;
}
