import { useMemo } from "preact/hooks";
import { Chart, tooltip } from "../components/chart.js";
import { Panel } from "../components/panel.js";
import { Empty } from "../components/states.js";
import { bucketLabel, bucketTitle } from "../lib/buckets.js";
import { count, plural, short } from "../lib/format.js";
import { html } from "../lib/html.js";
import { inWords, OTHER, seriesOf } from "../lib/kinds.js";

const SHOWN = 5;

/** Webhook events of each bucket, stacked by type: the most frequent ones, and the others together. */
export const EventsOverTime = ({ filters, trends, bucket, span }) => html`<${Panel} title="Events over time" note=${bucket ? `per ${bucket}, by type` : "by type"} span=${span} query=${trends} height=${312}>
  ${({ trends: rows }) => (rows.some((one) => one.total_events) ? html`<${Drawn} buckets=${rows} bucket=${bucket} zone=${filters.tz} />` : html`<${Empty} title="No events in this range" height=${312}>Choose a longer range, or fewer filters.<//>`)}
<//>`;

/** The most frequent types, and per bucket how many events each has; what is left is of other types. */
function stacked(buckets) {
  const totals = new Map();
  for (const { event_types: types } of buckets) for (const [type, events] of Object.entries(types)) totals.set(type, (totals.get(type) ?? 0) + events);
  const types = [...totals.keys()].sort((a, b) => totals.get(b) - totals.get(a) || a.localeCompare(b)).slice(0, SHOWN);
  const rows = buckets.map(({ bucket, total_events: total, event_types: found }) => {
    const values = types.map((type) => found[type] ?? 0);
    return { bucket, total, values: [...values, total - values.reduce((sum, one) => sum + one, 0)] };
  });
  return { rows, names: totals.size > types.length ? [...types, OTHER] : types };
}

function Drawn({ buckets, bucket, zone }) {
  const { rows, names } = useMemo(() => stacked(buckets), [buckets]);
  const series = seriesOf(names);
  const option = useMemo(
    () => (colours, axis) => {
      const colour = (name) => (series.get(name) === "other" ? colours["series-other"] : colours.series[series.get(name) - 1]);
      return {
        xAxis: { ...axis, type: "category", data: rows.map((row) => bucketLabel(row.bucket, bucket, zone)), splitLine: { show: false } },
        yAxis: { ...axis, type: "value", minInterval: 1, splitNumber: 4, axisLine: { show: false }, axisLabel: { ...axis.axisLabel, formatter: short } },
        tooltip: tooltip(colours, ([{ dataIndex }]) => ({
          title: bucketTitle(rows[dataIndex].bucket, bucket, zone),
          lines: [...names.map((name, index) => [colour(name), inWords(name), count(rows[dataIndex].values[index])]).reverse(), [null, "All", count(rows[dataIndex].total)]],
        })),
        series: names.map((name, index) => ({
          id: name,
          name: inWords(name),
          type: "bar",
          stack: "events",
          barCategoryGap: rows.length > 60 ? "12%" : "24%",
          barMaxWidth: 44,
          data: rows.map((row) => row.values[index] || null), // A bar of nothing would still have a border.
          itemStyle: { color: colour(name), borderColor: colours.surface, borderWidth: rows.length > 60 ? 0 : 0.5 },
          emphasis: { disabled: true },
        })),
      };
    },
    [rows, bucket, zone],
  );
  const columns = [
    { id: "bucket", label: `From (${zone})`, render: (row) => bucketTitle(row.bucket, bucket, zone) },
    ...names.map((name, index) => ({ id: name, label: inWords(name), number: true, render: (row) => count(row.values[index]) })),
    { id: "total", label: "All", number: true, render: (row) => count(row.total) },
  ];
  const total = rows.reduce((sum, row) => sum + row.total, 0);
  const most = rows.reduce((best, row) => (row.total > best.total ? row : best));
  return html`<${Chart} label="Events over time by type" height=${280} option=${option} table=${{ columns, rows }}
    legend=${names.map((name) => ({ name: inWords(name), series: series.get(name) }))}
    summary=${`${plural(total, "event")}; most in ${bucketTitle(most.bucket, bucket, zone)}: ${count(most.total)}.`} />`;
}
