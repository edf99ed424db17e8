import { Tile, Tiles } from "../components/tile.js";
import { count, fixed, percent, plural, short } from "../lib/format.js";
import { html } from "../lib/html.js";

const sum = (rows, field) => rows.reduce((total, row) => total + (row[field] ?? 0), 0);

/** All resources together. */
export function ApiTiles({ query }) {
  const rows = query.data?.data ?? [];
  const loading = query.loading && !query.data;
  const [reports, calls, charged] = ["reports", "calls", "charged_calls"].map((field) => sum(rows, field));
  return html`<div style=${{ "--tiles-all": 4, "--tiles-some": 4 }}><${Tiles} label="GitHub API usage">
    <${Tile} label="API calls" loading=${loading} value=${calls < 1_000_000 ? count(calls) : short(calls)} title="Calls that consumers reported" detail=${plural(reports, "report")} />
    <${Tile} label="Charged calls" loading=${loading} value=${charged < 1_000_000 ? count(charged) : short(charged)} title="Calls that count against a rate limit" detail=${calls ? `${percent((100 * charged) / calls)} of all` : "against the limits"} />
    <${Tile} label="Calls per report" loading=${loading} value=${reports ? fixed(calls / reports) : null} detail="on average" />
    <${Tile} label="Resources" loading=${loading} value=${count(rows.length)} detail=${rows.map((row) => row.resource).join(", ") || "none reported"} />
  <//></div>`;
}
