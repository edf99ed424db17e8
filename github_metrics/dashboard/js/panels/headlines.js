import { Change, Sparkline, Tile, Tiles } from "../components/tile.js";
import { Failure } from "../components/states.js";
import { count, milliseconds, percent, short } from "../lib/format.js";
import { html } from "../lib/html.js";
import { resolve } from "../lib/ranges.js";

/** The numbers of the window, each against the window of the same length before. */
export function Headlines({ filters, summary, trends }) {
  if (summary.error && !summary.data) return html`<${Failure} error=${summary.error} retry=${summary.refresh} height=${120} />`;
  const loading = summary.loading && !summary.data;
  const told = summary.data?.summary ?? {};
  const { start, end } = resolve(filters);
  const compared = start !== null && end !== null;
  const change = (value, better) => compared && html`<${Change} value=${value} better=${better} of="the period before" />`;
  const line = (pick) => (trends.data?.trends ?? []).map(pick);
  return html`<${Tiles} label="Headline numbers">
    <${Tile} label="Events" loading=${loading} value=${told.total_events < 1_000_000 ? count(told.total_events) : short(told.total_events)} title="Webhook events received in the range" change=${change(told.total_events_trend, null)} detail=${!compared && `${short(summary.data?.daily_event_rate)} a day`} spark=${html`<${Sparkline} values=${line((one) => one.total_events)} />`} />
    <${Tile} label="Success rate" loading=${loading} value=${told.success_rate === null ? null : percent(told.success_rate, 2)} title="Events that were processed without an error, of all" change=${change(told.success_rate_trend, "more")} detail=${!compared && `${count(told.successful_events)} successful`} />
    <${Tile} label="Failed events" loading=${loading} value=${count(told.failed_events)} title="Events with status error or partial" change=${change(told.failed_events_trend, "less")} detail=${!compared && "error and partial"} spark=${told.failed_events > 0 && html`<${Sparkline} kind="bad" values=${line((one) => one.failed_events)} />`} />
    <${Tile} label="Median processing" loading=${loading} value=${told.median_processing_time_ms === null ? null : milliseconds(told.median_processing_time_ms)} title=${`Half of the events took no longer, and nine of ten no longer than p90; the mean is ${milliseconds(told.avg_processing_time_ms)}, and the change is that of the mean`} change=${compared && html`<${Change} value=${told.avg_duration_trend} better="less" of="the mean of the period before" />`} detail=${told.p90_processing_time_ms !== null && `p90 ${milliseconds(told.p90_processing_time_ms)}`} />
    <${Tile} label="Repositories" loading=${loading} value=${count(told.unique_repositories)} title="Repositories with events in the range" detail=${`${short(summary.data?.hourly_event_rate)} events an hour`} />
    <${Tile} label="People and bots" loading=${loading} value=${count(told.unique_senders)} title="Different logins that caused events" detail=${told.total_api_calls > 0 ? `${short(told.total_api_calls)} API calls reported` : "who caused events"} />
  <//>`;
}
