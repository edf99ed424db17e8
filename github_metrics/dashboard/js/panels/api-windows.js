import { Badge } from "../components/badge.js";
import { Meter } from "../components/meter.js";
import { ListPanel } from "../components/table.js";
import { Time } from "../components/time.js";
import { count, percent } from "../lib/format.js";
import { html } from "../lib/html.js";
import { Nothing } from "./api-calls.js";

const rowsOf = (answer) => ({ rows: answer.data, pagination: answer.pagination });

/** Every window of every rate limit: what was used of it when it ended. */
export function ApiWindows({ filters, span }) {
  const columns = [
    { id: "reset_at", label: "Reset", render: (row) => html`<${Time} at=${row.reset_at} zone=${filters.tz} />` },
    { id: "resource", label: "Resource" },
    { id: "token_fingerprint", label: "Token", render: (row) => html`<span class="mono faint">${row.token_fingerprint || "–"}</span>` },
    { id: "used", label: "Used", number: true, render: (row) => count(row.used) },
    { id: "limit", label: "Limit", number: true, render: (row) => count(row.limit) },
    { id: "share", label: "Share", render: (row) => (row.limit ? html`<span class="share"><${Meter} share=${row.used / row.limit} kind=${row.used / row.limit >= 0.9 ? "bad" : undefined} label="of the limit" /><span class="numbers faint">${percent((100 * row.used) / row.limit)}</span></span>` : null) },
    { id: "remaining", label: "Least left", number: true, render: (row) => count(row.remaining) },
    { id: "charged_calls", label: "Reported", number: true, title: "charged calls that were reported", render: (row) => count(row.charged_calls) },
    { id: "exhausts_before_reset", label: "", render: (row) => (row.exhausts_before_reset ? html`<${Badge} kind="bad">will run out<//>` : "") },
  ];
  return html`<${ListPanel} title="Rate limit windows" note="the latest first" span=${span} path="api-usage" parameters=${{ group: "window" }} takes=${["window", "repositories"]} filters=${filters} columns=${columns} rowsOf=${rowsOf} rowKey=${(row) => `${row.reset_at} ${row.resource} ${row.token_fingerprint}`} name="rate limit windows" empty=${html`<${Nothing} height=${160} />`} />`;
}
