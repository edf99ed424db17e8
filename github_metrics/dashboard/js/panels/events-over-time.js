import { useMemo } from "preact/hooks";
import { Chart, tooltip } from "../components/chart.js";
import { Panel } from "../components/panel.js";
import { Empty } from "../components/states.js";
import { bucketLabel, bucketTitle } from "../lib/buckets.js";
import { count, plural, short } from "../lib/format.js";
import { html } from "../lib/html.js";
import { inWords, OTHER, seriesOf } from "../lib/kinds.js";
import { useQuery } from "../lib/query.js";

const SHOWN = 5;
const TAKES = ["window", "tz", "repositories", "users", "actors"];

/** Webhook events of each bucket, stacked by type: the most frequent ones, and the others together. */
export function EventsOverTime({ filters, summary, trends, bucket, span }) {
  const types = Object.keys(summary.data?.event_type_distribution ?? {}).slice(0, SHOWN);
  const parts = Array.from({ length: SHOWN }, (_, index) => {
    const type = types[index];
    return useQuery(type && bucket ? "trends" : null, { bucket, event_type: type }, { takes: TAKES, filters }); // SHOWN never changes.
  });
  const shown = parts.slice(0, types.length);
  const ready = types.length === 0 || shown.every((one) => one.data);
  return html`<${Panel} title="Events over time" note=${bucket ? `per ${bucket}, by type` : "by type"} span=${span} query=${[summary, trends, ...shown]} height=${312}>
    ${() => (trends.data.trends.some((one) => one.total_events) && ready ? html`<${Drawn} types=${types} parts=${shown.map((one) => one.data.trends)} totals=${trends.data.trends} bucket=${bucket} zone=${filters.tz} />` : html`<${Empty} title="No events in this range" height=${312}>Choose a longer range, or fewer filters.<//>`)}
  <//>`;
}

/** Per bucket and type; what is left of the total is of other types. The parts may be an event apart from the total. */
function stacked(types, parts, totals) {
  const by = parts.map((part) => new Map(part.map((one) => [one.bucket, one.total_events])));
  return totals.map(({ bucket, total_events: total }) => {
    const values = by.map((part) => part.get(bucket) ?? 0);
    return { bucket, total, values: [...values, Math.max(0, total - values.reduce((sum, one) => sum + one, 0))] };
  });
}

function Drawn({ types, parts, totals, bucket, zone }) {
  const rows = useMemo(() => stacked(types, parts, totals), [types.join(), ...parts, totals]);
  const names = rows.some((row) => row.values.at(-1) > 0) ? [...types, OTHER] : types;
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
    [rows, names.join(), bucket, zone],
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
