import { Badge } from "../components/badge.js";
import { Panel } from "../components/panel.js";
import { Empty } from "../components/states.js";
import { DataTable } from "../components/table.js";
import { Time } from "../components/time.js";
import { breakable, duration } from "../lib/format.js";
import { html } from "../lib/html.js";

const KIND = { success: "good", failure: "bad", timed_out: "bad", cancelled: "neutral" };

/** It comes from a payload: any other scheme would be a script, or worse. */
const isWeb = (url) => /^https?:\/\//.test(url ?? "");

/** The jobs that ran longest. `query`: jobs by label. */
export function SlowestJobs({ filters, query, span }) {
  const columns = [
    { id: "job", label: "Job", wide: true, render: (row) => html`${isWeb(row.url) ? html`<a href=${row.url} rel="noreferrer">${row.job ?? row.job_id}</a>` : (row.job ?? row.job_id)}<br /><span class="faint small">${row.repository && breakable(row.repository)}${row.repository && row.workflow && " · "}${row.workflow}</span>` },
    { id: "duration", label: "Ran", number: true, render: (row) => html`<span class="strong">${duration(row.duration)}</span>` },
    { id: "queue_time", label: "Waited", number: true, render: (row) => duration(row.queue_time) },
    { id: "conclusion", label: "Conclusion", render: (row) => html`<${Badge} kind=${KIND[row.conclusion]}>${row.conclusion?.replaceAll("_", " ") ?? "unknown"}<//><br /><span class="faint small"><${Time} at=${row.created_at} zone=${filters.tz} /></span>` },
  ];
  return html`<${Panel} title="Slowest jobs" note="those that ran longest" span=${span} query=${query} rows=${5} height=${296} flush>
    ${({ slowest }) => (slowest.length ? html`<${DataTable} caption="Slowest jobs" columns=${columns} rows=${slowest} rowKey=${(row) => row.job_id} />` : html`<${Empty} title="No jobs in this range" height=${296} />`)}
  <//>`;
}
