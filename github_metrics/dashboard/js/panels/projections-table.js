import { Badge } from "../components/badge.js";
import { Panel } from "../components/panel.js";
import { WholeTable } from "../components/whole-table.js";
import { count, duration } from "../lib/format.js";
import { html } from "../lib/html.js";
import { Verdict } from "./projections-health.js";

const KIND = { live: "good", building: "warn", halted: "bad", gone: "neutral" };
const COLUMNS = [
  { id: "name", label: "Read model", wide: true, render: (row) => html`<span class="mono">${row.name}</span><br /><span class="faint small">${row.doc}</span>` },
  { id: "state", label: "State", render: (row) => html`<${Badge} kind=${KIND[row.state]} title=${row.halted_reason}>${row.state}<//>${row.halted_reason && html`<br /><span class="bad small outside">${row.halted_reason}</span>`}` },
  { id: "version", label: "Version", number: true, title: "of its definition" },
  { id: "generation", label: "Generation", number: true, title: "which build readers see" },
  { id: "position", label: "Applied up to", number: true, render: (row) => count(row.position) },
  { id: "lag_events", label: "Behind", number: true, render: (row) => (row.lag_events ? html`<span class="warn">${count(row.lag_events)}</span>` : html`<span class="faint">0</span>`) },
  { id: "lag_seconds", label: "For", number: true, title: "how long the oldest event that it lacks has waited", render: (row) => (row.lag_events ? duration(row.lag_seconds) : html`<span class="faint">–</span>`) },
  { id: "parked", label: "Parked", number: true, render: (row) => (row.parked ? html`<${Badge} kind="bad">${count(row.parked)}<//>` : html`<span class="faint">0</span>`) },
];

/** Every read model: how far it is, and what it could not apply. */
export function ProjectionsTable({ query, span }) {
  return html`<${Panel} title="Read models" span=${span} query=${query} rows=${10} height=${420} flush>
    ${({ projections }) => html`<div class="padded"><${Verdict} projections=${projections.filter((one) => one.state !== "gone")} /></div>
      <${WholeTable} caption="Read models" columns=${COLUMNS} rows=${projections} rowKey=${(row) => row.name} first="name" name="read models" />`}
  <//>`;
}
