import { Panel } from "../components/panel.js";
import { Empty } from "../components/states.js";
import { count, duration } from "../lib/format.js";
import { html } from "../lib/html.js";
import { PHASES, rough } from "../lib/phases.js";

const ROWS = [{ id: "cycle_time", name: "Cycle time", meaning: "opened to merged" }, ...PHASES];
const PARTS = ["median", "p75", "p90"];

/** How cycle time and its phases are spread over all that was merged: what half, three of four and nine of ten took. */
export function CycleSpread({ lifecycle, span }) {
  return html`<${Panel} title="Distribution" note="of all that was merged" span=${span} query=${lifecycle} height=${356}>
    ${({ total }) => (total.merged_count ? html`<${Spread} total=${total} />` : html`<${Empty} title="Nothing was merged in this range" height=${356} />`)}
  <//>`;
}

function Spread({ total }) {
  const most = Math.max(...ROWS.map(({ id }) => total[id].p90 ?? 0), 1);
  return html`<table class="spread">
      <caption class="only-heard">Median, 75th and 90th percentile of cycle time and of each phase</caption>
      <thead><tr><th scope="col"><span class="only-heard">Phase</span></th><th scope="col" class="number"><i data-part="median"></i>Half</th><th scope="col" class="number"><i data-part="p75"></i>75%</th><th scope="col" class="number"><i data-part="p90"></i>90%</th></tr></thead>
      ${ROWS.map((row) => html`<${Row} key=${row.id} row=${row} told=${total[row.id]} most=${most} />`)}
    </table>
    <p class="beside faint">Half, three of four and nine of ten took no longer than this. A phase counts where it was seen to end: these do not add up.</p>`;
}

function Row({ row, told, most }) {
  const width = (value, from) => ({ width: `${((100 * Math.max(0, value - from)) / most).toFixed(2)}%` });
  return html`<tbody>
    <tr><th scope="row" title=${row.meaning}>${row.name} <span class="faint numbers">${count(told.count)}<span class="only-heard"> seen</span></span></th>
      ${PARTS.map((part) => html`<td key=${part} class="number" title=${told[part] === null ? "no data" : duration(told[part])}>${rough(told[part])}</td>`)}</tr>
    <tr aria-hidden="true"><td colspan="4"><div class="spread-bar" data-series=${row.series ?? 6}>
      ${told.count > 0 && PARTS.map((part, index) => html`<i key=${part} data-part=${part} style=${width(told[part], index ? told[PARTS[index - 1]] : 0)}></i>`)}
    </div></td></tr>
  </tbody>`;
}
