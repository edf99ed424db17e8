import { useMemo } from "preact/hooks";
import { Chart, tooltip } from "../components/chart.js";
import { Panel } from "../components/panel.js";
import { Empty } from "../components/states.js";
import { bucketLabel, bucketTitle } from "../lib/buckets.js";
import { count, milliseconds, percent } from "../lib/format.js";
import { html } from "../lib/html.js";

const rate = (row) => (row.total_events ? (100 * row.successful_events) / row.total_events : null);

/** How much of what came was processed well, over time, and how long that took. */
export function Processing({ filters, summary, trends, bucket, span }) {
  return html`<${Panel} title="Success and processing time" note=${bucket ? `successful events per ${bucket}` : ""} span=${span} query=${[summary, trends]} height=${312}>
    ${(told, found) => (told.summary.total_events ? html`<${Times} summary=${told.summary} /><${Rate} rows=${found.trends} bucket=${bucket} zone=${filters.tz} />` : html`<${Empty} title="No events in this range" height=${312} />`)}
  <//>`;
}

const TIMES = [
  ["Median", "median_processing_time_ms"],
  ["Mean", "avg_processing_time_ms"],
  ["p95", "p95_processing_time_ms"],
  ["Longest", "max_processing_time_ms"],
];

const Times = ({ summary }) => html`<dl class="figures" aria-label="Processing time">${TIMES.map(([name, field]) => html`<div key=${field}><dt>${name}</dt><dd class="numbers">${milliseconds(summary[field])}</dd></div>`)}</dl>`;

function Rate({ rows, bucket, zone }) {
  const option = useMemo(
    () => (colours, axis) => {
      const least = Math.min(...rows.map(rate).filter((one) => one !== null), 100);
      const bottom = Math.min(90, Math.floor(least / 10) * 10);
      return {
        xAxis: { ...axis, type: "category", boundaryGap: false, data: rows.map((row) => bucketLabel(row.bucket, bucket, zone)), splitLine: { show: false } },
        yAxis: { ...axis, type: "value", max: 100, min: bottom, interval: (100 - bottom) / 2, axisLine: { show: false }, axisLabel: { ...axis.axisLabel, formatter: "{value}%" } },
        tooltip: {
          ...tooltip(colours, ([{ dataIndex }]) => ({
            title: bucketTitle(rows[dataIndex].bucket, bucket, zone),
            lines: [
              [colours.good, "Success rate", percent(rate(rows[dataIndex]), 2)],
              [null, "Events", count(rows[dataIndex].total_events)],
              [null, "Failed", count(rows[dataIndex].failed_events)],
            ],
          })),
          axisPointer: { type: "line", lineStyle: { color: colours["line-strong"] } },
        },
        series: [{ id: "rate", type: "line", connectNulls: true, symbol: "circle", symbolSize: 5, showSymbol: rows.length < 32, lineStyle: { width: 2, color: colours.good }, itemStyle: { color: colours.good }, data: rows.map(rate) }],
      };
    },
    [rows, bucket, zone],
  );
  const columns = [
    { id: "bucket", label: `From (${zone})`, render: (row) => bucketTitle(row.bucket, bucket, zone) },
    { id: "rate", label: "Success rate", number: true, render: (row) => percent(rate(row), 2) },
    { id: "successful_events", label: "Successful", number: true, render: (row) => count(row.successful_events) },
    { id: "failed_events", label: "Failed", number: true, render: (row) => count(row.failed_events) },
  ];
  const failed = rows.reduce((sum, row) => sum + row.failed_events, 0);
  return html`<${Chart} label="Success rate over time" height=${216} option=${option} table=${{ columns, rows }} summary=${`${count(failed)} failed events in all.`} />`;
}
