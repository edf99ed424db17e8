import { useState } from "preact/hooks";
import { Combobox } from "../components/combobox.js";
import { Icon } from "../components/icon.js";
import { Popover } from "../components/popover.js";
import { now } from "../lib/clock.js";
import { dateTime } from "../lib/format.js";
import { html } from "../lib/html.js";
import { change } from "../lib/place.js";
import { DEFAULT, labelOf, QUICK, resolve } from "../lib/ranges.js";
import { LOCAL, moment, wall } from "../lib/zones.js";

const two = (number) => String(number).padStart(2, "0");

/** What an <input type=datetime-local> shows for a moment, in the zone. */
function written(date, zone) {
  if (!date) return "";
  const { year, month, day, hour, minute } = wall(date, zone);
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}`;
}

function meant(text, zone) {
  const found = /^(\d+)-(\d+)-(\d+)T(\d+):(\d+)/.exec(text);
  if (!found) return null;
  const [year, month, day, hour, minute] = found.slice(1).map(Number);
  return moment({ year, month, day, hour, minute }, zone).toISOString().replace(".000Z", "Z");
}

/** A window in words. */
export function describe(filters) {
  if (filters.range !== "custom") return labelOf(filters.range);
  const { start, end } = resolve(filters);
  return `${start ? dateTime(start, filters.tz) : "the beginning"} – ${end ? dateTime(end, filters.tz) : "now"}`;
}

export function RangePicker({ filters }) {
  const button = html`<${Icon} name="clock" /><span class="cut">${describe(filters)}</span><${Icon} name="down" size=${14} />`;
  return html`<${Popover} label="Time range" button=${button} width="27rem">${(close) => html`<${Choices} filters=${filters} close=${close} />`}<//>`;
}

function Choices({ filters, close }) {
  const choose = (range) => {
    change({ range: range === DEFAULT ? null : range, from: null, to: null });
    close();
  };
  return html`<div class="range">
    <ul class="range-quick" aria-label="Quick ranges">${QUICK.map(({ id, label }) => html`<li key=${id}><button type="button" class="choice" aria-pressed=${filters.range === id} onClick=${() => choose(id)}>${label}</button></li>`)}</ul>
    <${Custom} filters=${filters} close=${close} />
  </div>`;
}

function Custom({ filters, close }) {
  const { start, end } = resolve(filters);
  const [from, setFrom] = useState(written(start, filters.tz));
  const [to, setTo] = useState(filters.range === "custom" ? written(end, filters.tz) : "");
  const [zone, setZone] = useState(filters.tz);
  const [begin, finish] = [meant(from, zone), meant(to, zone)];
  const wrong = begin && finish && begin >= finish ? "It ends before it begins." : null;
  const apply = (event) => {
    event.preventDefault();
    if (wrong) return;
    const kept = filters.range === "custom" || from !== written(start, filters.tz) || to !== "";
    change({ ...(kept ? { range: "custom", from: begin, to: finish } : {}), tz: zone === LOCAL ? null : zone });
    close();
  };
  return html`<form class="range-custom" onSubmit=${apply}>
    <p class="strong">Custom range</p>
    <label class="field">From<input class="input" type="datetime-local" value=${from} onInput=${(event) => setFrom(event.target.value)} /></label>
    <label class="field">To<input class="input" type="datetime-local" value=${to} max=${written(new Date(now().getTime() + 366 * 86_400_000), zone)} onInput=${(event) => setTo(event.target.value)} aria-describedby="to-open" /></label>
    <p id="to-open" class="faint small">Without an end it runs on; one that has ended stays as it is.</p>
    <${Combobox} label="Time zone" options=${zones().map((value) => ({ value, note: value === LOCAL ? "this browser" : null }))} chosen=${[zone]} onChange=${(values) => setZone(values.at(-1) ?? LOCAL)} one />
    ${wrong && html`<p class="bad small" role="alert">${wrong}</p>`}
    <button type="submit" class="button button-main" disabled=${Boolean(wrong)}>Apply</button>
  </form>`;
}

const zones = () => [...new Set([LOCAL, "UTC", ...(Intl.supportedValuesOf?.("timeZone") ?? [])])];
