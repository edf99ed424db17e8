import { useMemo, useState } from "preact/hooks";
import { Chart, tooltip } from "../components/chart.js";
import { Panel } from "../components/panel.js";
import { Empty } from "../components/states.js";
import { count, duration, percent, plural } from "../lib/format.js";
import { html } from "../lib/html.js";
import { barName, PHASES, rough } from "../lib/phases.js";

const ROWS = [{ id: "cycle_time", name: "Cycle time", meaning: "opened to merged", series: 6 }, ...PHASES];
const PARTS = ["median", "p75", "p90"];
const HEIGHT = 356;

/** How cycle time, or one of its phases, is spread over all that was merged; and what half, three of four and nine of ten took. */
export function CycleSpread({ lifecycle, span }) {
  const [shown, show] = useState(ROWS[0]);
  return html`<${Panel} title="Distribution" note="of all that was merged" span=${span} query=${lifecycle} height=${HEIGHT}>
    ${({ total, distribution }) => (total.merged_count ? html`<${Histogram} bars=${distribution} of=${shown} /><${Spread} total=${total} shown=${shown} show=${show} />` : html`<${Empty} title="Nothing was merged in this range" height=${HEIGHT} />`)}
  <//>`;
}

/** From the first bar with something in it to the last. */
function filled(bars, id) {
  const places = bars.map((bar) => bar[id] > 0);
  return bars.slice(places.indexOf(true), places.lastIndexOf(true) + 1);
}

function Histogram({ bars, of }) {
  const { id, name, series } = of;
  const rows = useMemo(() => filled(bars, id), [bars, id]);
  const all = rows.reduce((sum, row) => sum + row[id], 0);
  const option = useMemo(
    () => (colours, axis) => ({
      xAxis: { ...axis, type: "category", data: rows.map(barName), splitLine: { show: false } },
      yAxis: { ...axis, type: "value", minInterval: 1, splitNumber: 3, axisLine: { show: false } },
      tooltip: tooltip(colours, ([{ dataIndex }]) => ({
        title: `${name}: ${barName(rows[dataIndex])}`,
        lines: [
          [colours.series[series - 1], "Pull requests", count(rows[dataIndex][id])],
          [null, "Of all", percent((100 * rows[dataIndex][id]) / all)],
        ],
      })),
      series: [{ id: "spread", name, type: "bar", barCategoryGap: "6%", data: rows.map((row) => row[id] || null), itemStyle: { color: colours.series[series - 1] }, emphasis: { disabled: true } }],
    }),
    [rows, id],
  );
  const columns = [
    { id: "from_seconds", label: name, render: barName },
    { id, label: "Pull requests", number: true, render: (row) => count(row[id]) },
    { id: "share", label: "Of all", number: true, render: (row) => percent((100 * row[id]) / all) },
  ];
  const most = rows.reduce((best, row) => (row[id] > best[id] ? row : best), rows[0]);
  return html`<${Chart} label=${`${name}, distribution`} height=${132} option=${option} table=${{ columns, rows }} legend=${[{ name: `${name}, pull requests`, series }]}
    summary=${most ? `${plural(all, "pull request")}; most of them, ${count(most[id])}, took ${barName(most)}.` : "Not seen of any."} />`;
}

function Spread({ total, shown, show }) {
  return html`<table class="spread">
      <caption class="only-heard">Median, 75th and 90th percentile of cycle time and of each phase</caption>
      <thead><tr><th scope="col"><span class="only-heard">Phase</span></th>${["Half", "75%", "90%"].map((name) => html`<th key=${name} scope="col" class="number">${name}</th>`)}</tr></thead>
      <tbody>${ROWS.map((row) => html`<${Row} key=${row.id} row=${row} told=${total[row.id]} chosen=${row === shown} choose=${() => show(row)} />`)}</tbody>
    </table>
    <p class="beside faint">Half, three of four and nine of ten took no longer. A phase counts where it was seen: these do not add up.</p>`;
}

const Row = ({ row, told, chosen, choose }) => html`<tr data-chosen=${chosen || undefined} onClick=${choose}>
  <th scope="row" title=${row.meaning}><button type="button" class="spread-choice" aria-pressed=${chosen} onClick=${choose}><i data-series=${row.series}></i>${row.name}<span class="only-heard"> as a histogram</span></button><span class="faint numbers">${count(told.count)}<span class="only-heard"> seen</span></span></th>
  ${PARTS.map((part) => html`<td key=${part} class="number" title=${told[part] === null ? "no data" : duration(told[part])}>${rough(told[part])}</td>`)}
</tr>`;
