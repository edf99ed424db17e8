import { html } from "../lib/html.js";
import { fixed, unknown } from "../lib/format.js";
import { Icon } from "./icon.js";

/** A change in percent against the period before. Its colour says whether that is good: `better` is "more", "less" or null. */
export function Change({ value, better = null, of = "the period before" }) {
  if (value === null || value === undefined) return html`<span class="change faint" title=${`nothing to compare with in ${of}`}><span aria-hidden="true">–</span><span class="only-heard">nothing to compare with in ${of}</span></span>`;
  const kind = value === 0 || better === null ? "neutral" : value > 0 === (better === "more") ? "good" : "bad";
  const heard = `${value > 0 ? "up" : value < 0 ? "down" : "unchanged"} ${value === 0 ? "" : `${fixed(Math.abs(value))} percent`}${kind === "neutral" ? "" : `, ${kind === "good" ? "better" : "worse"}`} than ${of}`;
  const shown = Math.abs(value) >= 1000 ? `${Math.round(Math.abs(value) / 100 + 1)}×` : `${fixed(Math.abs(value))}%`;
  return html`<span class="change" data-kind=${kind} title=${heard}>
    <${Icon} name=${value > 0 ? "rise" : value < 0 ? "fall" : "level"} size=${12} /><span aria-hidden="true">${shown}</span><span class="only-heard">${heard}</span>
  </span>`;
}

/** A small line without axes, beside a number that says what it is. */
export function Sparkline({ values, kind = "accent" }) {
  if (values.length < 2) return null;
  const [width, height, top] = [120, 32, Math.max(...values, 1)];
  const points = values.map((value, index) => [(index / (values.length - 1)) * width, height - 2 - (value / top) * (height - 4)]);
  const line = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
  return html`<svg class="sparkline" data-kind=${kind} viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" aria-hidden="true">
    <polygon points=${`0,${height} ${line} ${width},${height}`} /><polyline points=${line} vector-effect="non-scaling-stroke" />
  </svg>`;
}

/** One number with its name. */
export function Tile({ label, value, title, change, detail, loading = false, spark }) {
  return html`<div class="tile">
    <dt class="tile-label" title=${title}>${label}</dt>
    <dd class="tile-value numbers">${loading ? html`<span class="bone bone-number" aria-label="Loading"></span>` : value ?? unknown}</dd>
    <dd class="tile-foot">${loading ? html`<span class="bone bone-line"></span>` : [change, detail && html`<span class="faint cut">${detail}</span>`]}</dd>
    ${spark}
  </div>`;
}

export const Tiles = ({ label, children }) => html`<dl class="tiles" aria-label=${label}>${children}</dl>`;
