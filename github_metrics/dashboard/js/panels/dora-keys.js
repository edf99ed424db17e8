import { Panel } from "../components/panel.js";
import { Empty } from "../components/states.js";
import { count, duration, fixed, percent, plural, unknown } from "../lib/format.js";
import { html } from "../lib/html.js";
import { useQuery } from "../lib/query.js";

const TAKES = ["window", "tz", "repositories", "users", "actors"];

/** So many a day, said of the span in which there is at least one. */
export function frequency(perDay) {
  if (perDay === null) return null;
  const [times, span] = perDay >= 1 ? [1, "day"] : perDay >= 1 / 7 ? [7, "week"] : [30, "month"];
  return `${fixed(perDay * times)} a ${span}`;
}

const timed = ({ median }) => (median === null ? null : duration(median));
const upTo = ({ count: of, p90 }) => (of < 2 ? "" : `, p90 ${duration(p90)}`);

const KEYS = [
  { id: "deployment_frequency", label: "Deployment frequency", value: (row) => frequency(row.deployment_frequency), detail: (row) => plural(row.deployments, "deployment") },
  { id: "change_lead_time", label: "Change lead time", value: (row) => timed(row.change_lead_time), detail: ({ change_lead_time: of }) => `median of ${plural(of.count, "change")}${upTo(of)}` },
  { id: "change_fail_rate", label: "Change fail rate", value: (row) => (row.change_fail_rate === null ? null : percent(row.change_fail_rate)), detail: (row) => `${count(row.failed)} of ${count(row.finished)} finished, ${count(row.rolled_back)} rolled back` },
  { id: "failed_deployment_recovery_time", label: "Recovery time", value: (row) => timed(row.failed_deployment_recovery_time), detail: ({ failed_deployment_recovery_time: of }) => `median of ${plural(of.count, "recovery", "recoveries")}${of.open_count ? `, ${count(of.open_count)} still failing` : upTo(of)}` },
  { id: "deployment_rework_rate", label: "Rework rate", value: (row) => (row.deployment_rework_rate === null ? null : percent(row.deployment_rework_rate)), detail: (row) => `${count(row.reworks)} of ${count(row.finished)} finished` },
];

/** The five keys of DORA, each with the proxy that it is measured by. */
export function DoraKeys({ filters, span }) {
  const query = useQuery("deployments", { group: "all" }, { takes: TAKES, filters });
  const environments = query.data?.environments.join(", ");
  return html`<${Panel} title="Deployments to production" note=${environments ? `DORA's five keys; production is ${environments}` : "DORA's five keys"} span=${`dora ${span ?? ""}`} query=${query} height=${205}>
    ${({ data: [row], proxies, environments: known }) => (row?.finished ? html`<${Keys} row=${row} proxies=${proxies} />` : html`<${None} environments=${known} />`)}
  <//>`;
}

const Keys = ({ row, proxies }) => html`<dl class="keys">${KEYS.map(({ id, label, value, detail }) => html`<div key=${id}>
  <dt class="tile-label">${label}</dt>
  <dd class="key-value numbers">${value(row) ?? unknown}</dd>
  <dd class="small soft">${detail(row)}</dd>
  <dd class="small faint key-proxy"><span class="only-heard">Measured </span>${proxies[id]}</dd>
</div>`)}</dl>`;

const None = ({ environments }) => html`<${Empty} title="No deployment to production in this range" height=${205}>
  GitHub's <code>deployment_status</code> events tell of them. Production is an environment called <span class="outside">${environments.join(" or ")}</span>: <code>METRICS_PRODUCTION_ENVIRONMENTS</code> names others.
<//>`;
