import { useMemo } from "preact/hooks";
import { Chart, tooltip } from "../components/chart.js";
import { Panel } from "../components/panel.js";
import { Empty } from "../components/states.js";
import { count, duration, plural } from "../lib/format.js";
import { html } from "../lib/html.js";
import { timeAxis } from "../lib/time-axis.js";

const MOST = 8;
const HEIGHT = 268;
const waited = (data) => data.filter((row) => row.queue_time.count > 0);

/** How long jobs wait for a runner, by the label that they ask for. `query`: jobs by label, the longest waits first. */
export const QueueTimes = ({ query, span }) => html`<${Panel} title="Queue time" note="from a job's creation to its start, by runner label" span=${span} query=${query} height=${HEIGHT + 28}>
  ${({ data }) => (waited(data).length ? html`<${Drawn} rows=${waited(data)} />` : html`<${Empty} title="No jobs in this range" height=${HEIGHT + 28}>GitHub's <code>workflow_job</code> events tell of them.<//>`)}
<//>`;

const named = (row) => row.label ?? "no label";

function Drawn({ rows }) {
  const option = useMemo(
    () => (colours, axis) => {
      const shown = rows.slice(0, MOST).reverse(); // Axes are drawn from below.
      const { size, write } = timeAxis(Math.max(...shown.map((row) => row.queue_time.p90)));
      const bar = (id, name, field, colour) => ({ id, name, type: "bar", barMaxWidth: 14, barGap: "20%", itemStyle: { color: colour, borderRadius: [0, 3, 3, 0] }, emphasis: { disabled: true }, data: shown.map((row) => row.queue_time[field] / size) });
      return {
        xAxis: { ...axis, type: "value", splitNumber: 4, axisLine: { show: false }, axisLabel: { ...axis.axisLabel, formatter: write } },
        yAxis: { ...axis, type: "category", data: shown.map(named), splitLine: { show: false }, axisLabel: { ...axis.axisLabel, color: colours.text, width: 140, overflow: "truncate" } },
        tooltip: tooltip(colours, ([{ dataIndex }]) => ({
          title: named(shown[dataIndex]),
          lines: [
            [colours.series[0], "Median", duration(shown[dataIndex].queue_time.median)],
            [colours.series[4], "p90", duration(shown[dataIndex].queue_time.p90)],
            [null, "Jobs", count(shown[dataIndex].jobs)],
          ],
        })),
        series: [bar("p90", "p90", "p90", colours.series[4]), bar("median", "Median", "median", colours.series[0])],
      };
    },
    [rows],
  );
  const columns = [
    { id: "label", label: "Runner label", wide: true, render: named },
    { id: "median", label: "Median", number: true, render: (row) => duration(row.queue_time.median) },
    { id: "p75", label: "p75", number: true, render: (row) => duration(row.queue_time.p75) },
    { id: "p90", label: "p90", number: true, render: (row) => duration(row.queue_time.p90) },
    { id: "jobs", label: "Jobs", number: true, render: (row) => count(row.jobs) },
  ];
  const [longest] = rows;
  return html`<${Chart} label="Queue time by runner label" height=${HEIGHT} option=${option} table=${{ columns, rows }} legend=${[{ name: "Median", series: 1 }, { name: "p90", series: 5 }]}
    summary=${`${plural(rows.length, "runner label")}; ${named(longest)} waits longest, ${duration(longest.queue_time.median)} at the median.`} />`;
}
