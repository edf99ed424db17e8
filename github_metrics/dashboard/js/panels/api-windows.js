import { Badge } from "../components/badge.js";
import { Meter } from "../components/meter.js";
import { ListPanel } from "../components/table.js";
import { Time } from "../components/time.js";
import { count, percent } from "../lib/format.js";
import { html } from "../lib/html.js";
import { Nothing } from "./api-calls.js";

const ORDER = { by: "reset_at", descending: true };
const rowsOf = (answer) => ({ rows: answer.data, pagination: answer.pagination });

/** Every window of every rate limit: what was used of it when it ended. */
export function ApiWindows({ filters, span }) {
  const columns = [
    { id: "reset_at", label: "Reset", sort: "reset_at", render: (row) => html`<${Time} at=${row.reset_at} zone=${filters.tz} />` },
    { id: "resource", label: "Resource", sort: "resource" },
    { id: "token_fingerprint", label: "Token", sort: "token_fingerprint", render: (row) => html`<span class="mono faint">${row.token_fingerprint || "–"}</span>` },
    { id: "used", label: "Used", number: true, sort: "used", render: (row) => count(row.used) },
    { id: "limit", label: "Limit", number: true, sort: "limit", render: (row) => count(row.limit) },
    { id: "share", label: "Share", render: (row) => (row.limit ? html`<span class="share"><${Meter} share=${row.used / row.limit} kind=${row.used / row.limit >= 0.9 ? "bad" : undefined} label="of the limit" /><span class="numbers faint">${percent((100 * row.used) / row.limit)}</span></span>` : null) },
    { id: "remaining", label: "Least left", number: true, sort: "remaining", render: (row) => count(row.remaining) },
    { id: "charged_calls", label: "Reported", number: true, sort: "charged_calls", title: "charged calls that were reported", render: (row) => count(row.charged_calls) },
    { id: "exhausts_before_reset", label: "", of: "Alert", render: (row) => (row.exhausts_before_reset ? html`<${Badge} kind="bad">will run out<//>` : "") },
  ];
  const note = filters.repositories.length ? "in which these repositories were reported on; “reported” is theirs alone" : "of each token";
  return html`<${ListPanel} title="Rate limit windows" note=${note} span=${span} path="api-usage" parameters=${{ group: "window" }} takes=${["window", "repositories"]} filters=${filters} columns=${columns} rowsOf=${rowsOf} order=${ORDER} rowKey=${(row) => `${row.reset_at} ${row.resource} ${row.token_fingerprint}`} name="rate limit windows" empty=${html`<${Nothing} height=${160} />`} />`;
}
