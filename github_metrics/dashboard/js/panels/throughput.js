import { useMemo } from "preact/hooks";
import { Chart, tooltip } from "../components/chart.js";
import { Panel } from "../components/panel.js";
import { Empty } from "../components/states.js";
import { bucketTitle } from "../lib/buckets.js";
import { count, dayShort, plural } from "../lib/format.js";
import { html } from "../lib/html.js";

const HEIGHT = 308;
const SERIES = [
  { id: "reviewed", name: "merged after review", series: 2, of: (row) => row.merged_count - row.merged_without_review_count },
  { id: "unreviewed", name: "merged without review", series: 4, of: (row) => row.merged_without_review_count },
];
const OPEN = { id: "open", name: "opened, still open", series: "other", of: (row) => row.open_count };

/** What was merged each week, and what was opened then and is not done. */
export function Throughput({ filters, lifecycle, span }) {
  return html`<${Panel} title="Throughput" note="pull requests per week" span=${span} query=${lifecycle} height=${HEIGHT}>
    ${({ total, groups }) => (total.merged_count + total.open_count ? html`<${Drawn} groups=${groups} zone=${filters.tz} />` : html`<${Empty} title="Nothing was opened or merged in this range" height=${HEIGHT}>Choose a longer range, or fewer filters.<//>`)}
  <//>`;
}

function Drawn({ groups, zone }) {
  const option = useMemo(
    () => (colours, axis) => {
      const colour = ({ series }) => (series === "other" ? colours["series-other"] : colours.series[series - 1]);
      const bar = (one, stack) => ({ id: one.id, name: one.name, type: "bar", stack, barCategoryGap: "28%", barGap: "10%", barMaxWidth: 32, data: groups.map((row) => one.of(row) || null), itemStyle: { color: colour(one), borderColor: colours.surface, borderWidth: 0.5 }, emphasis: { disabled: true } });
      return {
        xAxis: { ...axis, type: "category", data: groups.map((row) => dayShort(row.bucket, zone)), splitLine: { show: false } },
        yAxis: { ...axis, type: "value", minInterval: 1, splitNumber: 4, axisLine: { show: false } },
        tooltip: tooltip(colours, ([{ dataIndex }]) => ({
          title: bucketTitle(groups[dataIndex].bucket, "week", zone),
          lines: [...SERIES, OPEN].map((one) => [colour(one), one.name, count(one.of(groups[dataIndex]))]),
        })),
        series: [...SERIES.map((one) => bar(one, "merged")), bar(OPEN, "open")],
      };
    },
    [groups, zone],
  );
  const columns = [
    { id: "bucket", label: `Week from (${zone})`, render: (row) => bucketTitle(row.bucket, "week", zone).replace("Week from ", "") },
    { id: "merged_count", label: "Merged", number: true, render: (row) => count(row.merged_count) },
    ...[...SERIES, OPEN].map((one) => ({ id: one.id, label: one.name, number: true, render: (row) => count(one.of(row)) })),
  ];
  const merged = groups.reduce((sum, row) => sum + row.merged_count, 0);
  return html`<${Chart} label="Pull requests per week" height=${280} option=${option} table=${{ columns, rows: groups }} legend=${[...SERIES, OPEN]}
    summary=${`${plural(merged, "pull request")} merged in ${plural(groups.length, "week")}.`} />`;
}
