import { Failure } from "../components/states.js";
import { Tile, Tiles } from "../components/tile.js";
import { Time } from "../components/time.js";
import { bytes, count, plural, short } from "../lib/format.js";
import { html } from "../lib/html.js";

/** The log in numbers. Growth is what an event takes, times the events of a day. */
export function LogTiles({ log, zone }) {
  if (log.error && !log.data) return html`<${Failure} error=${log.error} retry=${log.refresh} height=${120} />`;
  const told = log.data;
  const loading = !told;
  const growth = told?.position ? (told.bytes / told.position) * told.rates.last_day : null;
  return html`<${Tiles} label="The log">
    <${Tile} label="Log" loading=${loading} value=${short(told?.position)} title="Position of the last event in the log" detail=${told?.duplicates ? `${plural(told.duplicates, "duplicate")} not kept twice` : "events, kept for ever"} />
    <${Tile} label="Size of the log" loading=${loading} value=${bytes(told?.bytes)} title="On disk, with its indexes" detail=${growth ? `about ${bytes(growth)} a day` : "on disk"} />
    <${Tile} label="Size of the database" loading=${loading} value=${bytes(told?.database_bytes)} title="With all read models" detail="read models included" />
    <${Tile} label="Last minute" loading=${loading} value=${count(told?.rates.last_minute)} detail="events received" />
    <${Tile} label="Last hour" loading=${loading} value=${count(told?.rates.last_hour)} detail=${`${count(told?.rates.last_day)} in the last day`} />
    <${Tile} label="Last delivery" loading=${loading} value=${told?.last_received_at ? html`<span class="tile-text"><${Time} at=${told.last_received_at} zone=${zone} as="ago" /></span>` : null} detail=${told?.last_received_at && html`<${Time} at=${told.last_received_at} zone=${zone} />`} />
  <//>`;
}
