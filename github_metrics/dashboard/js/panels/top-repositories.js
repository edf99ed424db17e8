import { Meter } from "../components/meter.js";
import { ListPanel } from "../components/table.js";
import { breakable, count, milliseconds, percent } from "../lib/format.js";
import { html } from "../lib/html.js";
import { follow, href } from "../lib/place.js";

const TAKES = ["window", "repositories", "users", "actors"];
const rowsOf = (answer) => ({ rows: answer.repositories, pagination: answer.pagination });

/** Every repository with events in the window, the busiest first. */
export function TopRepositories({ filters, summary, span }) {
  const total = summary.data?.summary.total_events;
  const columns = [
    { id: "repository", label: "Repository", wide: true, sort: "repository", render: (row) => html`<a href=${href({ repo: row.repository })} onClick=${follow} title=${`Show only ${row.repository}`}>${breakable(row.repository)}</a>` },
    { id: "total_events", label: "Events", number: true, sort: "total_events", render: (row) => count(row.total_events) },
    { id: "share", label: "Share", render: (row) => html`<span class="share"><${Meter} share=${row.total_events / (total || 1)} label="of all events" /><span class="numbers faint">${percent((100 * row.total_events) / (total || 1))}</span></span>` },
    { id: "success_rate", label: "Success", number: true, sort: "success_rate", render: (row) => html`<span class=${row.failed_events ? "" : "faint"}>${percent(row.success_rate)}</span>` },
    { id: "median_processing_time_ms", label: "Median time", number: true, title: "half of its events took no longer", render: (row) => milliseconds(row.median_processing_time_ms) },
    { id: "p90_processing_time_ms", label: "p90", number: true, title: "nine of ten events took no longer", render: (row) => milliseconds(row.p90_processing_time_ms) },
    { id: "avg_processing_time_ms", label: "Mean", number: true, sort: "avg_processing_time_ms", render: (row) => milliseconds(row.avg_processing_time_ms) },
  ];
  return html`<${ListPanel} title="Repositories" span=${span} path="repositories" takes=${TAKES} filters=${filters} columns=${columns} rowsOf=${rowsOf} rowKey=${(row) => row.repository_id} name="repositories" at="repos" order=${{ by: "total_events", descending: true }} size=${10} />`;
}
