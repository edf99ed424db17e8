import { useEffect, useId, useRef, useState } from "preact/hooks";
import { loadEcharts } from "../lib/echarts.js";
import { html } from "../lib/html.js";
import { faded, palette } from "../lib/palette.js";
import { onPrint } from "../lib/printing.js";
import { appearance, settings } from "../lib/settings.js";
import { useStore } from "../lib/store.js";
import { Icon } from "./icon.js";
import { DataTable } from "./table.js";

/** What every chart has: quiet axes, one tooltip, no decoration. */
function common(colours, calm) {
  const axis = {
    axisLine: { lineStyle: { color: colours["line-strong"] } },
    axisTick: { show: false },
    axisLabel: { color: colours["text-faint"], fontFamily: colours.font, fontSize: 11, hideOverlap: true },
    splitLine: { lineStyle: { color: colours.line } },
    nameTextStyle: { color: colours["text-faint"], fontFamily: colours.font, fontSize: 11, align: "left" },
  };
  return {
    animation: !calm,
    animationDuration: 250,
    animationDurationUpdate: 250,
    color: colours.series,
    textStyle: { fontFamily: colours.font },
    grid: { left: 8, right: 12, top: 12, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    axis,
  };
}

/** The tooltip as elements: names that came from outside are text. `lines`: [colour or null, name, value]. */
export function tooltip(colours, describe) {
  return {
    trigger: "axis",
    confine: true,
    transitionDuration: 0,
    padding: [8, 10],
    borderWidth: 1,
    borderColor: colours.line,
    backgroundColor: colours.raised,
    textStyle: { color: colours.text, fontFamily: colours.font, fontSize: 12 },
    extraCssText: "box-shadow: var(--float); border-radius: 8px;",
    axisPointer: { type: "shadow", shadowStyle: { color: faded(colours["text-faint"], 0.1) }, lineStyle: { color: colours["line-strong"] } },
    formatter: (parameters) => {
      const { title, lines } = describe(Array.isArray(parameters) ? parameters : [parameters]);
      const box = document.createElement("div");
      box.className = "tip";
      const head = document.createElement("p");
      head.textContent = title;
      const list = document.createElement("dl");
      for (const [colour, name, value] of lines) {
        const term = document.createElement("dt");
        if (colour) {
          const mark = document.createElement("i");
          mark.style.background = colour;
          term.append(mark);
        }
        term.append(name);
        const given = document.createElement("dd");
        given.textContent = value;
        list.append(term, given);
      }
      box.append(head, list);
      return box;
    },
  };
}

/** Drawn at once, for paper, with a size that the style sheet may change. */
function fit(chart, draw) {
  if (!chart) return;
  draw(true);
  chart.getZr().flush();
  const drawn = chart.getDom().querySelector("svg");
  drawn.setAttribute("viewBox", `0 0 ${chart.getWidth()} ${chart.getHeight()}`);
}

/**
 * A chart and the table behind it. `option(colours, common)` gives ECharts' options; `summary` is what a screen reader
 * hears of it; `table` {columns, rows} has every number that is drawn. `legend`: [{name, colour: (colours) => …}].
 */
export function Chart({ label, summary, option, table, height = 260, legend, onPick }) {
  const { dark, calm } = useStore(appearance);
  const dates = useStore(settings, (chosen) => chosen.dates);
  const [asTable, showTable] = useState(false);
  const [failed, setFailed] = useState(null);
  const element = useRef(null);
  const chart = useRef(null);
  const id = useId();

  useEffect(() => {
    if (asTable) return undefined;
    let gone = false;
    let observer = null;
    loadEcharts().then(
      (echarts) => {
        if (gone) return;
        chart.current = echarts.init(element.current, null, { renderer: "svg" });
        observer = new ResizeObserver(([{ contentRect }]) => {
          const drawn = chart.current;
          if (drawn && contentRect.width > 0 && Math.round(contentRect.width) !== drawn.getWidth()) drawn.resize();
        });
        observer.observe(element.current);
        draw();
      },
      () => setFailed("The charts could not be loaded; the table has the same numbers."),
    );
    return () => {
      gone = true;
      observer?.disconnect();
      chart.current?.dispose();
      chart.current = null;
    };
  }, [asTable]);

  function draw(onPaper = false) {
    if (!chart.current) return;
    const colours = palette();
    const { axis, ...rest } = common(colours, calm || onPaper);
    chart.current.setOption({ ...rest, ...option(colours, axis) }, { replaceMerge: ["series", "xAxis", "yAxis"] });
    chart.current.off("click");
    if (onPick) chart.current.on("click", onPick);
  }
  useEffect(() => draw(), [option, dark, calm, dates, asTable]);
  useEffect(() => onPrint((onPaper) => (onPaper ? fit(chart.current, draw) : draw())), [option, dark, calm, dates, asTable]);

  const shown = asTable || failed;
  return html`<figure class="chart" style=${{ minHeight: `${height + 28}px` }}>
    <div class="chart-head">
      ${legend && html`<ul class="legend">${legend.map((entry) => html`<li key=${entry.name}><i data-series=${entry.series}></i><span class="outside">${entry.name}</span></li>`)}</ul>`}
      <button type="button" class="button button-quiet chart-toggle" aria-pressed=${asTable} onClick=${() => showTable(!asTable)} title=${asTable ? "Show as a chart" : "Show as a table"}>
        <${Icon} name=${asTable ? "chart" : "table"} /><span class="only-heard">${label} as ${asTable ? "a chart" : "a table"}</span>
      </button>
    </div>
    ${failed && html`<p class="notice" data-kind="warn"><${Icon} name="warning" />${failed}</p>`}
    ${
      shown
        ? html`<${DataTable} caption=${label} columns=${table.columns} rows=${table.rows} maxHeight=${height} />`
        : html`<div class="chart-area" key="area" ref=${element} role="img" aria-label=${`${label}. ${summary ?? ""}`} aria-describedby=${id} style=${{ height: `${height}px` }}></div>
          <p id=${id} class="only-heard">The numbers can be shown as a table with the button before this chart.</p>`
    }
  </figure>`;
}
