import { useMemo } from "preact/hooks";
import { Chart, tooltip } from "../components/chart.js";
import { Panel } from "../components/panel.js";
import { Empty } from "../components/states.js";
import { bucketLabel, bucketTitle } from "../lib/buckets.js";
import { count, plural, short } from "../lib/format.js";
import { html } from "../lib/html.js";
import { useQuery } from "../lib/query.js";

const TAKES = ["window", "tz", "repositories"];

/** Charged calls over time, by resource. */
export function ApiCalls({ filters, bucket, span }) {
  const query = useQuery(bucket && "api-usage", { group: "resource", bucket }, { takes: TAKES, filters, all: true });
  return html`<${Panel} title="Charged calls over time" note=${bucket ? `per ${bucket}, by resource` : ""} span=${span} query=${bucket ? query : { ...query, loading: true }} height=${300}>
    ${({ data }) => (data.length ? html`<${Drawn} data=${data} bucket=${bucket} zone=${filters.tz} />` : html`<${Nothing} height=${300} />`)}
  <//>`;
}

/** How usage comes to be known. */
export const Nothing = ({ height }) => html`<${Empty} title="Nothing was reported in this range" height=${height}>A bot that acts on these webhooks can say what that cost it: <code>POST /api/metrics/usage</code>, described in the <a href="docs">API</a>.<//>`;

function Drawn({ data, bucket, zone }) {
  const { rows, resources } = useMemo(() => {
    const by = new Map();
    for (const one of data) by.set(one.bucket, { ...(by.get(one.bucket) ?? { bucket: one.bucket }), [one.resource]: one.charged_calls });
    return { rows: [...by.values()].sort((a, b) => new Date(a.bucket) - new Date(b.bucket)), resources: [...new Set(data.map((one) => one.resource))].sort() };
  }, [data]);
  const option = useMemo(
    () => (colours, axis) => ({
      xAxis: { ...axis, type: "category", data: rows.map((row) => bucketLabel(row.bucket, bucket, zone)), splitLine: { show: false } },
      yAxis: { ...axis, type: "value", minInterval: 1, splitNumber: 4, axisLine: { show: false }, axisLabel: { ...axis.axisLabel, formatter: short } },
      tooltip: tooltip(colours, ([{ dataIndex }]) => ({
        title: bucketTitle(rows[dataIndex].bucket, bucket, zone),
        lines: resources.map((name, index) => [colours.series[index % 8], name, count(rows[dataIndex][name] ?? 0)]),
      })),
      series: resources.map((name, index) => ({ id: name, name, type: "bar", stack: "all", barMaxWidth: 44, barCategoryGap: rows.length > 60 ? "12%" : "24%", data: rows.map((row) => row[name] || null), itemStyle: { color: colours.series[index % 8] }, emphasis: { disabled: true } })),
    }),
    [rows, resources, bucket, zone],
  );
  const columns = [
    { id: "bucket", label: `From (${zone})`, render: (row) => bucketTitle(row.bucket, bucket, zone) },
    ...resources.map((name) => ({ id: name, label: name, number: true, render: (row) => count(row[name] ?? 0) })),
  ];
  const total = data.reduce((sum, one) => sum + one.charged_calls, 0);
  return html`<${Chart} label="Charged API calls over time" height=${264} option=${option} table=${{ columns, rows }} legend=${resources.map((name, index) => ({ name, series: (index % 8) + 1 }))} summary=${`${plural(total, "charged call")} in all.`} />`;
}
