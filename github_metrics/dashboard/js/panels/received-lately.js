import { useMemo } from "preact/hooks";
import { Chart, tooltip } from "../components/chart.js";
import { Panel } from "../components/panel.js";
import { bucketLabel, bucketTitle } from "../lib/buckets.js";
import { count, plural, short } from "../lib/format.js";
import { html } from "../lib/html.js";
import { useQuery } from "../lib/query.js";

/** Webhook events of each hour of the last two days, whatever range other pages show. */
export function ReceivedLately({ filters, span }) {
  const lately = useMemo(() => ({ ...filters, range: "48h" }), [filters]);
  const query = useQuery("trends", { bucket: "hour" }, { takes: ["window", "tz"], filters: lately });
  return html`<${Panel} title="Received" note="per hour, the last two days" span=${span} query=${query} height=${268}>
    ${({ trends }) => html`<${Drawn} rows=${trends} zone=${filters.tz} />`}
  <//>`;
}

function Drawn({ rows, zone }) {
  const option = useMemo(
    () => (colours, axis) => ({
      xAxis: { ...axis, type: "category", data: rows.map((row) => bucketLabel(row.bucket, "hour", zone)), splitLine: { show: false } },
      yAxis: { ...axis, type: "value", minInterval: 1, splitNumber: 3, axisLine: { show: false }, axisLabel: { ...axis.axisLabel, formatter: short } },
      tooltip: tooltip(colours, ([{ dataIndex }]) => ({
        title: bucketTitle(rows[dataIndex].bucket, "hour", zone),
        lines: [
          [colours.series[0], "Successful", count(rows[dataIndex].successful_events)],
          [colours.bad, "Failed", count(rows[dataIndex].failed_events)],
        ],
      })),
      series: [
        ["successful", "successful_events", colours.series[0]],
        ["failed", "failed_events", colours.bad],
      ].map(([name, field, colour]) => ({ id: name, name, type: "bar", stack: "all", barCategoryGap: "18%", data: rows.map((row) => row[field] || null), itemStyle: { color: colour }, emphasis: { disabled: true } })),
    }),
    [rows, zone],
  );
  const columns = [
    { id: "bucket", label: `From (${zone})`, render: (row) => bucketTitle(row.bucket, "hour", zone) },
    { id: "successful_events", label: "Successful", number: true, render: (row) => count(row.successful_events) },
    { id: "failed_events", label: "Failed", number: true, render: (row) => count(row.failed_events) },
  ];
  const total = rows.reduce((sum, row) => sum + row.total_events, 0);
  return html`<${Chart} label="Events received per hour" height=${240} option=${option} table=${{ columns, rows }} summary=${`${plural(total, "event")} in two days.`}
    legend=${[{ name: "successful", series: 1 }, { name: "failed", series: "bad" }]} />`;
}
