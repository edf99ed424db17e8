import { useMemo } from "preact/hooks";
import { Chart, tooltip } from "../components/chart.js";
import { Panel } from "../components/panel.js";
import { Empty } from "../components/states.js";
import { bucketLabel, bucketTitle } from "../lib/buckets.js";
import { count, duration, plural, unknown } from "../lib/format.js";
import { html } from "../lib/html.js";
import { useQuery } from "../lib/query.js";
import { timeAxis } from "../lib/time-axis.js";

const TAKES = ["window", "tz", "repositories", "users", "actors"];
const HEIGHT = 300;

/** How long pull requests waited for their first review, week by week. */
export function FirstReview({ filters, span }) {
  const query = useQuery("lifecycle", { group: "week", page_size: 1000 }, { takes: TAKES, filters });
  return html`<${Panel} title="Time to first review" note="of the pull requests merged in each week, from ready for review" span=${span} query=${query} height=${HEIGHT + 28}>
    ${({ groups, total }) => (total.pickup_time.count ? html`<${Drawn} rows=${groups} total=${total.pickup_time} zone=${filters.tz} />` : html`<${Empty} title="Nothing that was merged in this range had been reviewed" height=${HEIGHT + 28}>Choose a longer range, or fewer filters.<//>`)}
  <//>`;
}

function Drawn({ rows, total, zone }) {
  const option = useMemo(
    () => (colours, axis) => {
      const { size, write } = timeAxis(Math.max(...rows.map((row) => row.pickup_time.p90 ?? 0)));
      const line = (id, name, colour, more) => ({ id, name, type: "line", symbol: "circle", symbolSize: 6, showSymbol: rows.length < 32, connectNulls: true, lineStyle: { width: 2, color: colour, ...more }, itemStyle: { color: colour }, data: rows.map((row) => (row.pickup_time[id] === null ? null : row.pickup_time[id] / size)) });
      return {
        xAxis: { ...axis, type: "category", boundaryGap: rows.length < 3, data: rows.map((row) => bucketLabel(row.bucket, "week", zone)), splitLine: { show: false } },
        yAxis: { ...axis, type: "value", min: 0, splitNumber: 4, axisLine: { show: false }, axisLabel: { ...axis.axisLabel, formatter: write } },
        tooltip: {
          ...tooltip(colours, ([{ dataIndex }]) => ({
            title: bucketTitle(rows[dataIndex].bucket, "week", zone),
            lines: [
              [colours.series[4], "p90", duration(rows[dataIndex].pickup_time.p90)],
              [colours.series[0], "Median", duration(rows[dataIndex].pickup_time.median)],
              [null, "Reviewed", count(rows[dataIndex].pickup_time.count)],
            ],
          })),
          axisPointer: { type: "line", lineStyle: { color: colours["line-strong"] } },
        },
        series: [line("p90", "p90", colours.series[4], { type: "dashed", width: 1.5 }), line("median", "Median", colours.series[0])],
      };
    },
    [rows, zone],
  );
  const shown = (value) => (value === null ? unknown : duration(value));
  const columns = [
    { id: "bucket", label: `Week (${zone})`, render: (row) => bucketTitle(row.bucket, "week", zone) },
    { id: "median", label: "Median", number: true, render: (row) => shown(row.pickup_time.median) },
    { id: "p75", label: "p75", number: true, render: (row) => shown(row.pickup_time.p75) },
    { id: "p90", label: "p90", number: true, render: (row) => shown(row.pickup_time.p90) },
    { id: "count", label: "Reviewed", number: true, render: (row) => count(row.pickup_time.count) },
    { id: "unreviewed", label: "Merged without", number: true, render: (row) => count(row.merged_without_review_count) },
  ];
  return html`<${Chart} label="Time to first review per week" height=${HEIGHT} option=${option} table=${{ columns, rows }} legend=${[{ name: "Median", series: 1 }, { name: "p90", series: 5 }]}
    summary=${`${plural(total.count, "pull request")}; median ${duration(total.median)}, p90 ${duration(total.p90)}.`} />`;
}
