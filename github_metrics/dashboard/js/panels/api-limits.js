import { Badge } from "../components/badge.js";
import { Meter } from "../components/meter.js";
import { Panel } from "../components/panel.js";
import { Time } from "../components/time.js";
import { now } from "../lib/clock.js";
import { count, duration, percent } from "../lib/format.js";
import { html } from "../lib/html.js";
import { useQuery } from "../lib/query.js";
import { Nothing } from "./api-calls.js";

/** The newest window of each token and resource. */
function newest(rows) {
  const by = new Map();
  for (const row of rows.filter((one) => one.limit)) {
    const key = `${row.token_fingerprint} ${row.resource}`;
    if (!by.has(key) || row.reset_at > by.get(key).reset_at) by.set(key, row);
  }
  return [...by.values()].sort((a, b) => b.used / b.limit - a.used / a.limit);
}

const kindOf = (share) => (share >= 0.9 ? "bad" : share >= 0.7 ? "warn" : undefined);

/** Each rate limit as it was last reported: used, reset, and whether it will last. */
export function ApiLimits({ filters, span }) {
  const query = useQuery("api-usage", { group: "window", page_size: 100 }, { takes: ["window"], filters });
  return html`<${Panel} title="Rate limits" note="of each token, as last reported" span=${span} query=${query} height=${300}>
    ${({ data }) => {
      const limits = newest(data);
      return limits.length ? html`<ul class="limits">${limits.map((row) => html`<${Limit} key=${`${row.token_fingerprint} ${row.resource}`} row=${row} zone=${filters.tz} />`)}</ul>` : html`<${Nothing} height=${260} />`;
    }}
  <//>`;
}

function Limit({ row, zone }) {
  const share = row.used / row.limit;
  const left = (new Date(row.reset_at) - now()) / 1000;
  return html`<li>
    <div class="limit-head"><strong>${row.resource}</strong>${row.token_fingerprint && html`<span class="mono faint cut" title="first digits of the token's SHA-256">${row.token_fingerprint}</span>`}
      ${row.exhausts_before_reset && html`<${Badge} kind="bad">will run out<//>`}<span class="numbers">${percent(100 * share)}</span></div>
    <${Meter} share=${share} kind=${kindOf(share)} label=${`${percent(100 * share)} of ${row.resource} used`} />
    <p class="faint small numbers">${count(row.used)} of ${count(row.limit)} used, ${count(row.remaining)} left; ${left > 0 ? `resets in ${duration(left)}` : html`reset <${Time} at=${row.reset_at} zone=${zone} as="ago" />`}
      ${row.exhausts_before_reset && row.exhausted_at && html`; at this rate exhausted <${Time} at=${row.exhausted_at} zone=${zone} />`}</p>
  </li>`;
}
