import { useMemo } from "preact/hooks";
import { Chart, tooltip } from "../components/chart.js";
import { Panel } from "../components/panel.js";
import { Empty, Failure, Loading } from "../components/states.js";
import { bucketLabel, bucketTitle } from "../lib/buckets.js";
import { count, milliseconds, percent } from "../lib/format.js";
import { html } from "../lib/html.js";

const HEIGHT = 312;
const CHART = 92;
const LEAST = 0.1; // Milliseconds: a logarithmic axis has no zero.
const rate = (row) => (row.total_events ? (100 * row.successful_events) / row.total_events : null);

/** How much of what came was processed well, and how long that took: of the whole range, and over time. */
export function Processing({ filters, summary, trends, took, bucket, span }) {
  const shared = { bucket, zone: filters.tz };
  return html`<${Panel} title="Success and processing time" note=${bucket ? `per ${bucket}` : ""} span=${span} query=${[summary, trends]} height=${HEIGHT}>
    ${(told, { trends: rows }) => (told.summary.total_events ? html`<${Times} summary=${told.summary} /><${Rate} rows=${rows} ...${shared} /><${TookWhenTold} query=${took} ...${shared} />` : html`<${Empty} title="No events in this range" height=${HEIGHT} />`)}
  <//>`;
}

const TIMES = [
  ["Median", "median_processing_time_ms"],
  ["p75", "p75_processing_time_ms"],
  ["p90", "p90_processing_time_ms"],
  ["Longest", "max_processing_time_ms"],
];

const Times = ({ summary }) => html`<dl class="figures figures-four" aria-label="Processing time">${TIMES.map(([name, field]) => html`<div key=${field}><dt>${name}</dt><dd class="numbers">${milliseconds(summary[field])}</dd></div>`)}</dl>`;

const bucketColumn = (bucket, zone) => ({ id: "bucket", label: `From (${zone})`, render: (row) => bucketTitle(row.bucket, bucket, zone) });

/** Lines over the buckets, each {id, colour, value}; a bucket without events is passed over. */
function linesOf({ rows, bucket, zone, lines, axis, yAxis, tip }) {
  return {
    xAxis: { ...axis, type: "category", boundaryGap: false, data: rows.map((row) => bucketLabel(row.bucket, bucket, zone)), splitLine: { show: false } },
    yAxis: { ...axis, type: "value", axisLine: { show: false }, ...yAxis },
    tooltip: { ...tip, axisPointer: { type: "line", lineStyle: { color: axis.axisLine.lineStyle.color } } },
    series: lines.map(({ id, colour, value }) => ({ id, type: "line", connectNulls: true, symbol: "circle", symbolSize: 5, showSymbol: rows.length < 16, showAllSymbol: true, lineStyle: { width: 2, color: colour }, itemStyle: { color: colour }, data: rows.map(value) })),
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
      return linesOf({ rows, bucket, zone, lines: [{ id: "rate", colour: colours.good, value: rate }], axis, yAxis, tip });
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
  return html`<${Chart} label="Success rate over time" height=${CHART} option=${option} table=${{ columns, rows }} legend=${[{ name: "Success rate", series: "good" }]} summary=${`${count(failed)} failed events in all.`} />`;
}

/** It is asked for apart: what is drawn from counts alone does not wait for it. */
function TookWhenTold({ query, ...shared }) {
  if (query.data) return html`<${Took} rows=${query.data.trends} ...${shared} />`;
  return query.error ? html`<${Failure} error=${query.error} retry=${query.refresh} height=${CHART} />` : html`<${Loading} height=${CHART} />`;
}

const TOOK = [
  { id: "median", name: "Median processing time", of: "median_processing_time_ms" },
  { id: "p90", name: "p90", of: "p90_processing_time_ms" },
];
const TOLD_BESIDE = [
  { id: "p75", name: "p75", of: "p75_processing_time_ms" },
  { id: "mean", name: "Mean", of: "avg_processing_time_ms" },
];

function Took({ rows, bucket, zone }) {
  const option = useMemo(
    () => (colours, axis) => {
      // p90 is often a hundred times the median.
      const yAxis = { type: "log", axisLabel: { ...axis.axisLabel, formatter: (value) => (value < 1 ? `${value} ms` : milliseconds(value)) } };
      const tip = tooltip(colours, ([{ dataIndex }]) => ({
        title: bucketTitle(rows[dataIndex].bucket, bucket, zone),
        lines: [
          ...TOOK.map(({ name, of }, index) => [colours.series[index], name, milliseconds(rows[dataIndex][of])]),
          ...TOLD_BESIDE.map(({ name, of }) => [null, name, milliseconds(rows[dataIndex][of])]),
          [null, "Events", count(rows[dataIndex].total_events)],
        ],
      }));
      const lines = TOOK.map(({ id, of }, index) => ({ id, colour: colours.series[index], value: (row) => (row[of] === null ? null : Math.max(row[of], LEAST)) }));
      return linesOf({ rows, bucket, zone, lines, axis, yAxis, tip });
    },
    [rows, bucket, zone],
  );
  const columns = [
    bucketColumn(bucket, zone),
    ...[...TOOK, ...TOLD_BESIDE].map(({ id, name, of }) => ({ id, label: name, number: true, render: (row) => (row[of] === null ? null : milliseconds(row[of])) })),
    { id: "total_events", label: "Events", number: true, render: (row) => count(row.total_events) },
  ];
  const longest = rows.reduce((most, row) => ((row.median_processing_time_ms ?? -1) > (most.median_processing_time_ms ?? -1) ? row : most), rows[0]);
  return html`<${Chart} label="Processing time over time" height=${CHART} option=${option} table=${{ columns, rows }} legend=${TOOK.map(({ name }, index) => ({ name, series: index + 1 }))}
    summary=${longest ? `The median was longest in ${bucketTitle(longest.bucket, bucket, zone)}: ${milliseconds(longest.median_processing_time_ms)}.` : "No events."} />`;
}
