import { useMemo } from "preact/hooks";
import { Chart, tooltip } from "../components/chart.js";
import { Panel } from "../components/panel.js";
import { Empty } from "../components/states.js";
import { bucketTitle } from "../lib/buckets.js";
import { count, dayShort, duration, plural } from "../lib/format.js";
import { html } from "../lib/html.js";
import { adding, durationAxis, PHASES, rough } from "../lib/phases.js";

const HEIGHT = 356;

/** Where the time between opening and merging goes: means of each week, which add up. */
export function CyclePhases({ filters, lifecycle, span }) {
  return html`<${Panel} title="Cycle time by phase" note="mean per week of merging" span=${span} query=${lifecycle} height=${HEIGHT}>
    ${({ total, groups }) => (total.merged_count ? html`<${Sum} total=${total} /><${Weeks} groups=${groups} zone=${filters.tz} /><${Beside} total=${total} />` : html`<${Empty} title="Nothing was merged in this range" height=${HEIGHT}>${total.open_count ? `${plural(total.open_count, "pull request")} opened in it and still open.` : "Choose a longer range, or fewer filters."}<//>`)}
  <//>`;
}

const meansOf = (row) => PHASES.map(({ id }) => row[id].mean);

/** The whole window as a sum. */
function Sum({ total }) {
  const { parts, total: whole } = adding(meansOf(total), total.cycle_time.mean);
  return html`<dl class="sum" aria-label="Mean of all that was merged, phase by phase">
    ${PHASES.map(({ id, name, meaning, series }, index) => html`<div key=${id} title=${`${name}: ${meaning}`}><dt><i data-series=${series}></i>${name}</dt><dd class="numbers">${parts[index]}</dd></div>`)}
    <div class="sum-total" title="opened to merged"><dt>Cycle time</dt><dd class="numbers">${whole}</dd></div>
  </dl>`;
}

function Weeks({ groups, zone }) {
  const option = useMemo(
    () => (colours, axis) => {
      const most = Math.max(...groups.map((row) => row.cycle_time.mean ?? 0));
      return {
        xAxis: { ...axis, type: "category", data: groups.map((row) => dayShort(row.bucket, zone)), splitLine: { show: false } },
        yAxis: { ...axis, type: "value", ...durationAxis(most), axisLine: { show: false }, axisLabel: { ...axis.axisLabel, formatter: rough } },
        tooltip: tooltip(colours, ([{ dataIndex }]) => described(groups[dataIndex], colours, zone)),
        series: PHASES.map(({ id, name, series }) => ({
          id,
          name,
          type: "bar",
          stack: "phases",
          barCategoryGap: "28%",
          barMaxWidth: 56,
          data: groups.map((row) => row[id].mean || null),
          itemStyle: { color: colours.series[series - 1], borderColor: colours.surface, borderWidth: 0.5 },
          emphasis: { disabled: true },
        })),
      };
    },
    [groups, zone],
  );
  const slowest = groups.reduce((most, row) => ((row.cycle_time.mean ?? -1) > (most.cycle_time.mean ?? -1) ? row : most));
  return html`<${Chart} label="Cycle time by phase, per week" height=${232} option=${option} table=${{ columns: columnsOf(zone), rows: groups }}
    summary=${`${plural(groups.length, "week")}. Longest in the ${bucketTitle(slowest.bucket, "week", zone).toLowerCase()}: ${duration(slowest.cycle_time.mean)} on average.`} />`;
}

function described(row, colours, zone) {
  const title = bucketTitle(row.bucket, "week", zone);
  const open = [null, "Opened then, still open", count(row.open_count)];
  if (!row.merged_count) return { title, lines: [[null, "Merged", "0"], open] };
  const { parts, total } = adding(meansOf(row), row.cycle_time.mean);
  return {
    title,
    lines: [
      ...PHASES.map(({ name, series }, index) => [colours.series[series - 1], name, parts[index]]),
      [null, "Cycle time, mean", total],
      [null, "Cycle time, median", duration(row.cycle_time.median)],
      [null, "Merged", count(row.merged_count)],
      open,
    ],
  };
}

const columnsOf = (zone) => [
  { id: "bucket", label: `Week from (${zone})`, render: (row) => bucketTitle(row.bucket, "week", zone).replace("Week from ", "") },
  { id: "merged_count", label: "Merged", number: true, render: (row) => count(row.merged_count) },
  ...PHASES.map(({ id, name }, index) => ({ id, label: `${name}, mean`, number: true, render: (row) => (row.merged_count ? adding(meansOf(row), row.cycle_time.mean).parts[index] : null) })),
  { id: "cycle_time", label: "Cycle, mean", number: true, render: (row) => (row.merged_count ? adding(meansOf(row), row.cycle_time.mean).total : null) },
  { id: "median", label: "Cycle, median", number: true, render: (row) => (row.cycle_time.median === null ? null : duration(row.cycle_time.median)) },
  { id: "imputed", label: "Imputed", number: true, title: "Phases that stand for a review or approval that never was", render: (row) => count(PHASES.reduce((sum, { id }) => sum + row[id].imputed_count, 0)) },
  { id: "open_count", label: "Still open", number: true, title: "Opened in that week, and still open", render: (row) => count(row.open_count) },
];

/** What the sum rests on, and what is not in it. */
function Beside({ total }) {
  const imputed = PHASES.filter(({ id }) => total[id].imputed_count).map(({ id, name }) => `${name.toLowerCase()} of ${count(total[id].imputed_count)}`);
  const told = [
    imputed.length > 0 && `Imputed, where a review or approval never was: ${imputed.join(", ")}. These count in the means, not in medians.`,
    total.open_count > 0 && `${plural(total.open_count, "pull request")} opened in the range ${total.open_count === 1 ? "is" : "are"} still open and in no bar.`,
    total.draft_history_unknown_count > 0 && `${plural(total.draft_history_unknown_count, "opening")} not seen: taken as no drafts.`,
    total.clamped_count > 0 && `${plural(total.clamped_count, "pull request")} told in an impossible order.`,
  ].filter(Boolean);
  return html`<p class="beside faint">${count(total.merged_count)} merged. ${told.join(" ")}</p>`;
}
