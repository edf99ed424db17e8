import { Meter } from "../components/meter.js";
import { ListPanel } from "../components/table.js";
import { breakable, count, percent } from "../lib/format.js";
import { html } from "../lib/html.js";
import { inWords } from "../lib/kinds.js";
import { Nothing } from "./api-calls.js";

const ORDER = { by: "charged_calls", descending: true };
const rowsOf = (answer) => ({ rows: answer.data, pagination: answer.pagination });

/** Charged calls of each repository or event type. */
export function ApiSpend({ filters, resources, group, title, label, span }) {
  const total = (resources.data?.data ?? []).reduce((sum, row) => sum + row.charged_calls, 0) || 1;
  const columns = [
    { id: group, label, wide: true, sort: group, render: (row) => (row[group] === null ? html`<span class="faint">none named</span>` : group === "event_type" ? inWords(row[group]) : breakable(row[group])) },
    { id: "charged_calls", label: "Charged", number: true, sort: "charged_calls", render: (row) => count(row.charged_calls) },
    { id: "share", label: "Share", render: (row) => html`<span class="share"><${Meter} share=${row.charged_calls / total} label="of all charged calls" /><span class="numbers faint">${percent((100 * row.charged_calls) / total)}</span></span>` },
    { id: "calls", label: "Calls", number: true, sort: "calls", render: (row) => count(row.calls) },
  ];
  return html`<${ListPanel} title=${title} span=${span} path="api-usage" parameters=${{ group }} takes=${["window", "repositories"]} filters=${filters} columns=${columns} rowsOf=${rowsOf} order=${ORDER} rowKey=${(row) => row[group]} name=${`API usage by ${group.replace("_", " ")}`} empty=${html`<${Nothing} height=${160} />`} />`;
}
