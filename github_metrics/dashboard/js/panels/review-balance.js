import { useMemo } from "preact/hooks";
import { Chart, tooltip } from "../components/chart.js";
import { Meter } from "../components/meter.js";
import { Panel } from "../components/panel.js";
import { Empty } from "../components/states.js";
import { count, fixed, percent, plural } from "../lib/format.js";
import { html } from "../lib/html.js";
import { busiest, histogram, inWords } from "../lib/spread.js";

const HEIGHT = 178;

/** Whether reviews rest on a few. `query`: every reviewer, with the summary of them. */
export const ReviewBalance = ({ query, dynamics, span }) => html`<${Panel} title="Balance" note="how reviews are spread over people" span=${span} query=${[query, dynamics]} height=${328}>
  ${({ data, summary }, { workload }) => (summary.review_gini === null ? html`<${Empty} title="Too few reviews to say" height=${328}>It takes reviews, and two people who were asked or reviewed.<//>` : html`<${Words} gini=${summary.review_gini} opened=${workload.summary.workload_gini} rows=${data} /><${Spread} rows=${data} />`)}
<//>`;

function Words({ gini, opened, rows }) {
  const few = busiest(rows.map((row) => row.reviews));
  return html`<div class="balance">
    <p><span class="key-value numbers">${fixed(gini, 2)}</span> <span class="strong">${inWords(gini)}</span></p>
    <${Meter} share=${gini} label=${`Gini coefficient of reviews: ${fixed(gini, 2)} of 1`} />
    <p class="small soft">The Gini coefficient: 0 where everybody reviews the same, towards 1 where one does it all. Here ${few.people === 1 ? "the busiest of" : `the busiest ${count(few.people)} of`} ${plural(rows.length, "person", "people")} gave ${percent(few.share, 0)} of the reviews.${opened !== null && html` Of opening pull requests it is ${fixed(opened, 2)}.`}</p>
  </div>`;
}

function Spread({ rows }) {
  const bars = useMemo(() => histogram(rows.map((row) => row.reviews)), [rows]);
  const option = useMemo(
    () => (colours, axis) => ({
      xAxis: { ...axis, type: "category", data: bars.map((bar) => bar.name), splitLine: { show: false }, axisLabel: { ...axis.axisLabel, fontSize: 10, ...(bars.length < 8 ? { interval: 0, hideOverlap: false } : {}) } },
      yAxis: { ...axis, type: "value", minInterval: 1, splitNumber: 3, axisLine: { show: false } },
      tooltip: tooltip(colours, ([{ dataIndex }]) => ({ title: `${bars[dataIndex].name} reviews`, lines: [[colours.series[0], "People", count(bars[dataIndex].people)]] })),
      series: [{ id: "people", type: "bar", barMaxWidth: 44, barCategoryGap: "24%", itemStyle: { color: colours.series[0] }, emphasis: { disabled: true }, data: bars.map((bar) => bar.people || null) }],
    }),
    [bars],
  );
  const columns = [{ id: "name", label: "Reviews" }, { id: "people", label: "People", number: true, render: (bar) => count(bar.people) }];
  return html`<${Chart} label="People by how many reviews they gave" height=${HEIGHT} option=${option} table=${{ columns, rows: bars }} legend=${[{ name: "People by number of reviews", series: 1 }]} summary=${`${plural(rows.length, "person", "people")}.`} />`;
}
