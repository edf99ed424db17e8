import { Badge } from "../components/badge.js";
import { ListPanel } from "../components/table.js";
import { count, duration, percent, unknown } from "../lib/format.js";
import { html } from "../lib/html.js";

const TAKES = ["window", "tz", "repositories", "users", "actors"];
const ORDER = { by: "flake_rate", descending: true };
const rowsOf = (answer) => ({ rows: answer.data, pagination: answer.pagination });
const seconds = (value) => (value === null ? unknown : duration(value));

/** A share that asks for attention where there is any. */
const Share = ({ rate, of, kind }) => (rate === null ? unknown : rate === 0 ? html`<span class="faint">0%</span>` : html`<${Badge} kind=${kind} title=${of}>${percent(rate)}<//>`);

/** Failures that were not the check's plain "failure". */
const others = ({ failures }) => Object.entries(failures).filter(([name, number]) => name !== "failure" && number > 0).map(([name, number]) => `${count(number)} ${name.replaceAll("_", " ")}`);

const COLUMNS = [
  { id: "check", label: "Check", wide: true, sort: "check", render: (row) => html`<span class="strong">${row.check ?? "unnamed"}</span><br /><span class="faint small">${row.repository}${row.app && row.app !== "github-actions" ? ` · ${row.app}` : ""}</span>` },
  { id: "flake_rate", label: "Flaky", number: true, sort: "flake_rate", title: "commits on which it failed and then succeeded, of all on which it ran", render: (row) => html`<${Share} rate=${row.flake_rate} kind="warn" of=${`${count(row.flaky)} of ${count(row.groups)} commits`} />` },
  { id: "rerun_rate", label: "Re-run", number: true, sort: "rerun_rate", title: "commits on which it was run more than once, of all on which it ran", render: (row) => html`<${Share} rate=${row.rerun_rate} of=${`${count(row.reruns)} of ${count(row.groups)} commits`} />` },
  { id: "success_rate", label: "Success", number: true, sort: "success_rate", title: "of those that succeeded or failed", render: (row) => (row.success_rate === null ? unknown : percent(row.success_rate)) },
  { id: "failed", label: "Failed", number: true, sort: "failed", render: (row) => html`${count(row.failed)}${others(row).length > 0 && html`<br /><span class="faint small">${others(row).join(", ")}</span>`}` },
  { id: "completed", label: "Runs", number: true, sort: "completed", title: "completed attempts, whatever came of them", render: (row) => count(row.completed) },
  { id: "median", label: "Median", of: "Duration", number: true, sort: "duration", title: "of the duration", render: (row) => seconds(row.duration.median) },
  { id: "p75", label: "p75", of: "Duration", number: true, render: (row) => seconds(row.duration.p75) },
  { id: "p90", label: "p90", of: "Duration", number: true, render: (row) => seconds(row.duration.p90) },
  { id: "p95", label: "p95", of: "Duration", number: true, render: (row) => seconds(row.duration.p95) },
];

/** How each check fares: those that cannot be relied on first. */
export const Checks = ({ filters, span }) =>
  html`<${ListPanel} title="Checks" note="the flakiest first" span=${span} path="checks" takes=${TAKES} filters=${filters} columns=${COLUMNS} rowsOf=${rowsOf} rowKey=${(row) => `${row.repository} ${row.check} ${row.app}`} name="checks" order=${ORDER} at="checks" height=${622} />`;
