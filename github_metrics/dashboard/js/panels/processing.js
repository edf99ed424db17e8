import { useMemo } from "preact/hooks";
import { Chart, tooltip } from "../components/chart.js";
import { Panel } from "../components/panel.js";
import { Empty } from "../components/states.js";
import { bucketLabel, bucketTitle } from "../lib/buckets.js";
import { count, milliseconds, percent } from "../lib/format.js";
import { html } from "../lib/html.js";

const HEIGHT = 312;
const rate = (row) => (row.total_events ? (100 * row.successful_events) / row.total_events : null);

/** How much of what came was processed well, and how long that took: of the whole range, and over time. */
export function Processing({ filters, summary, trends, bucket, span }) {
  const shared = { bucket, zone: filters.tz };
  return html`<${Panel} title="Success and processing time" note=${bucket ? `per ${bucket}` : ""} span=${span} query=${[summary, trends]} height=${HEIGHT}>
    ${(told, { trends: rows }) => (told.summary.total_events ? html`<${Times} summary=${told.summary} /><${Rate} rows=${rows} ...${shared} /><${Took} rows=${rows} ...${shared} />` : html`<${Empty} title="No events in this range" height=${HEIGHT} />`)}
  <//>`;
}

const TIMES = [
  ["Median", "median_processing_time_ms"],
  ["Mean", "avg_processing_time_ms"],
  ["p95", "p95_processing_time_ms"],
  ["Longest", "max_processing_time_ms"],
];

const Times = ({ summary }) => html`<dl class="figures figures-four" aria-label="Processing time">${TIMES.map(([name, field]) => html`<div key=${field}><dt>${name}</dt><dd class="numbers">${milliseconds(summary[field])}</dd></div>`)}</dl>`;

const bucketColumn = (bucket, zone) => ({ id: "bucket", label: `From (${zone})`, render: (row) => bucketTitle(row.bucket, bucket, zone) });

/** One line over the buckets; a bucket without events is passed over. */
function line({ rows, bucket, zone, id, colour, value, axis, yAxis, tip }) {
  return {
    xAxis: { ...axis, type: "category", boundaryGap: false, data: rows.map((row) => bucketLabel(row.bucket, bucket, zone)), splitLine: { show: false } },
    yAxis: { ...axis, type: "value", axisLine: { show: false }, ...yAxis },
    tooltip: { ...tip, axisPointer: { type: "line", lineStyle: { color: axis.axisLine.lineStyle.color } } },
    series: [{ id, type: "line", connectNulls: true, symbol: "circle", symbolSize: 5, showSymbol: rows.length < 16, showAllSymbol: true, lineStyle: { width: 2, color: colour }, itemStyle: { color: colour }, data: rows.map(value) }],
  };
}

function Rate({ rows, bucket, zone }) {
  const option = useMemo(
    () => (colours, axis) => {
      const least = Math.min(...rows.map(rate).filter((one) => one !== null), 100);
      const bottom = Math.min(90, Math.floor(least / 10) * 10);
      const yAxis = { max: 100, min: bottom, interval: (100 - bottom) / 2, axisLabel: { ...axis.axisLabel, formatter: "{value}%" } };
      const tip = tooltip(colours, ([{ dataIndex }]) => ({
        title: bucketTitle(rows[dataIndex].bucket, bucket, zone),
        lines: [
          [colours.good, "Success rate", percent(rate(rows[dataIndex]), 2)],
          [null, "Events", count(rows[dataIndex].total_events)],
          [null, "Failed", count(rows[dataIndex].failed_events)],
        ],
      }));
      return line({ rows, bucket, zone, id: "rate", colour: colours.good, value: rate, axis, yAxis, tip });
    },
    [rows, bucket, zone],
  );
  const columns = [
    bucketColumn(bucket, zone),
    { id: "rate", label: "Success rate", number: true, render: (row) => percent(rate(row), 2) },
    { id: "successful_events", label: "Successful", number: true, render: (row) => count(row.successful_events) },
    { id: "failed_events", label: "Failed", number: true, render: (row) => count(row.failed_events) },
  ];
  const failed = rows.reduce((sum, row) => sum + row.failed_events, 0);
  return html`<${Chart} label="Success rate over time" height=${92} option=${option} table=${{ columns, rows }} legend=${[{ name: "Success rate", series: "good" }]} summary=${`${count(failed)} failed events in all.`} />`;
}

function Took({ rows, bucket, zone }) {
  const option = useMemo(
    () => (colours, axis) => {
      const yAxis = { min: 0, splitNumber: 2, axisLabel: { ...axis.axisLabel, formatter: milliseconds } };
      const tip = tooltip(colours, ([{ dataIndex }]) => ({
        title: bucketTitle(rows[dataIndex].bucket, bucket, zone),
        lines: [
          [colours.series[0], "Mean processing time", milliseconds(rows[dataIndex].avg_processing_time_ms)],
          [null, "Events", count(rows[dataIndex].total_events)],
        ],
      }));
      return line({ rows, bucket, zone, id: "took", colour: colours.series[0], value: (row) => row.avg_processing_time_ms, axis, yAxis, tip });
    },
    [rows, bucket, zone],
  );
  const columns = [
    bucketColumn(bucket, zone),
    { id: "avg_processing_time_ms", label: "Mean time", number: true, render: (row) => (row.avg_processing_time_ms === null ? null : milliseconds(row.avg_processing_time_ms)) },
    { id: "total_events", label: "Events", number: true, render: (row) => count(row.total_events) },
  ];
  const longest = rows.reduce((most, row) => ((row.avg_processing_time_ms ?? -1) > (most.avg_processing_time_ms ?? -1) ? row : most));
  return html`<${Chart} label="Processing time over time" height=${92} option=${option} table=${{ columns, rows }} legend=${[{ name: "Mean processing time", series: 1 }]}
    summary=${`Longest on average in ${bucketTitle(longest.bucket, bucket, zone)}: ${milliseconds(longest.avg_processing_time_ms)}.`} />`;
}
