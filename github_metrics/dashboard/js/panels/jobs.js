import { ListPanel } from "../components/table.js";
import { count, duration, percent, unknown } from "../lib/format.js";
import { html } from "../lib/html.js";
import { change, place } from "../lib/place.js";
import { useStore } from "../lib/store.js";

const TAKES = ["window", "tz", "repositories", "users", "actors"];
const GROUPS = { label: "Runner label", repository: "Repository", workflow: "Workflow", job: "Job" };
const ORDER = { by: "jobs", descending: true };
const rowsOf = (answer) => ({ rows: answer.data, pagination: answer.pagination });
const seconds = (value) => (value === null ? unknown : duration(value));
const now = (number) => (number ? count(number) : html`<span class="faint">0</span>`);

/** What a row is about: of workflows and jobs also where they are. */
const about = (group) => (row) => {
  const [name, where] = { label: [row.label], repository: [row.repository], workflow: [row.workflow, row.repository], job: [row.job, [row.repository, row.workflow].filter(Boolean).join(" · ")] }[group];
  return html`${name ?? html`<span class="faint">none named</span>`}${where && html`<br /><span class="faint small">${where}</span>`}`;
};

/** Jobs by what they run on, where, or as what: how long they wait and run, and how many do so now. */
export function Jobs({ filters, span }) {
  const asked = useStore(place, (search) => search.get("jobs.by"));
  const group = Object.hasOwn(GROUPS, asked) ? asked : "label";
  const columns = [
    { id: group, label: GROUPS[group], wide: true, sort: group, render: about(group) },
    { id: "jobs", label: "Jobs", number: true, sort: "jobs", render: (row) => count(row.jobs) },
    { id: "success_rate", label: "Success", number: true, sort: "success_rate", render: (row) => (row.success_rate === null ? unknown : percent(row.success_rate)) },
    { id: "queue_time", label: "Queue median", number: true, sort: "queue_time", render: (row) => seconds(row.queue_time.median) },
    { id: "queue_p90", label: "p90", of: "Queue time", number: true, render: (row) => seconds(row.queue_time.p90) },
    { id: "duration", label: "Run median", number: true, sort: "duration", render: (row) => seconds(row.duration.median) },
    { id: "duration_p95", label: "p95", of: "Run time", number: true, render: (row) => seconds(row.duration.p95) },
    { id: "queued", label: "Queued now", number: true, sort: "queued", title: "at the end of the range, or now", render: (row) => now(row.queued) },
    { id: "running", label: "Running now", number: true, sort: "running", title: "at the end of the range, or now", render: (row) => now(row.running) },
  ];
  const tools = html`<label class="select"><span class="only-heard">Jobs by</span><select value=${group} onChange=${(event) => change({ "jobs.by": event.target.value === "label" ? null : event.target.value, "jobs.page": null, "jobs.sort": null }, { replace: true })}>${Object.entries(GROUPS).map(([id, label]) => html`<option key=${id} value=${id}>By ${label.toLowerCase()}</option>`)}</select></label>`;
  return html`<${ListPanel} title="Jobs" note="how long they wait for a runner, and run" span=${span} path="jobs" parameters=${{ group }} takes=${TAKES} filters=${filters} columns=${columns} rowsOf=${rowsOf} rowKey=${(row) => `${row.repository} ${row.workflow} ${row.job} ${row.label}`} name="jobs" order=${ORDER} at="jobs" tools=${tools} />`;
}
