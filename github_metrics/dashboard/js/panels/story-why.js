import { Badge } from "../components/badge.js";
import { DataTable } from "../components/table.js";
import { Time } from "../components/time.js";
import { count, duration, plural, unknown } from "../lib/format.js";
import { html } from "../lib/html.js";
import { inWords } from "../lib/kinds.js";
import { follow, href } from "../lib/place.js";

/** Where every number comes from: rule, delivery, and what was passed over. */
export function StoryWhy({ explained, zone }) {
  return html`<div class="why">
    ${explained.clamped && html`<p class="notice" data-kind="warn">Something was told in an impossible order: a boundary was moved, so that the phases still add up.</p>`}
    <section><h3>Moments</h3><ol class="moments">${explained.boundaries.map((one) => html`<${Moment} key=${one.name} one=${one} zone=${zone} />`)}</ol></section>
    <section><h3>Durations</h3><div class="framed"><${DataTable} caption="Durations" columns=${DURATIONS} rows=${explained.phases} rowKey=${(row) => row.name} /></div></section>
    <section><h3>Everything else</h3><div class="framed"><${DataTable} caption="Other numbers" columns=${FACTS} rows=${explained.facts} rowKey=${(row) => row.name} /></div></section>
    ${explained.draft_history.length > 1 && html`<section><h3>Draft or ready</h3><div class="framed"><${DataTable} caption="When it was a draft" columns=${draftColumns(zone)} rows=${explained.draft_history} /></div></section>`}
  </div>`;
}

/** first_review_at -> First review. */
const titled = (name) => {
  const words = inWords(name.replace(/_at$/, ""));
  return words[0].toUpperCase() + words.slice(1);
};

/** The delivery that told it, to be opened. */
export const Source = ({ source }) => (source ? html`<a class="source" href=${href({ event: source.delivery_id })} onClick=${follow} title=${`Delivery ${source.delivery_id}`}>${inWords(source.event_type ?? "delivery")}${source.action ? ` ${inWords(source.action)}` : ""} <span class="numbers faint">at ${count(source.position)}</span></a>` : html`<span class="faint">no delivery</span>`);

function Moment({ one, zone }) {
  return html`<li class="moment">
    <div class="moment-head"><h4>${titled(one.name)}</h4>
      <span class="moment-at numbers">${one.value ? html`<${Time} at=${one.value} zone=${zone} />` : html`<span class="faint">never</span>`}</span>
      ${one.imputed && html`<${Badge} kind="warn" title="It stands for what never was, or was not seen">imputed<//>`}
      ${one.clamped && html`<${Badge} kind="warn" title="Moved, so that the moments stand in order">clamped<//>`}</div>
    <p class="soft">${one.rule}${one.clamped && one.raw_value && html`; it happened <${Time} at=${one.raw_value} zone=${zone} />`}</p>
    ${one.source && html`<p class="small"><span class="faint">set by</span> <${Source} source=${one.source} /></p>`}
    ${one.passed_over_total > 0 && html`<${PassedOver} one=${one} zone=${zone} />`}
  </li>`;
}

function PassedOver({ one, zone }) {
  return html`<details class="passed"><summary>${count(one.passed_over_total)} passed over</summary>
    <ul>${one.passed_over.map((other, index) => html`<li key=${index}>
      <span class="numbers faint"><${Time} at=${other.at} zone=${zone} /></span>
      <span><span class="outside">${inWords(other.kind)}${other.state ? ` (${inWords(other.state)})` : ""}${other.actor ? ` of ${other.actor}` : ""}</span>: <strong class="outside">${other.reason}</strong> <span class="small"><${Source} source=${other.source} /></span></span>
    </li>`)}</ul>
    ${one.passed_over.length < one.passed_over_total && html`<p class="faint small">and ${plural(one.passed_over_total - one.passed_over.length, "other")}</p>`}
  </details>`;
}

const DURATIONS = [
  { id: "name", label: "Duration", render: (row) => titled(row.name) },
  { id: "seconds", label: "Is", number: true, render: (row) => (row.seconds === null ? null : row.seconds === 0 ? "0 s" : html`<span title=${`${count(row.seconds)} seconds`}>${duration(row.seconds)}</span>`) },
  { id: "rule", label: "Rule", wide: true, render: (row) => html`<span class="soft">${row.rule.replaceAll("_at", "").replaceAll("_", " ")}</span>` },
  { id: "flags", label: "", of: "Remarks", render: (row) => html`${row.imputed && html`<${Badge} kind="warn">imputed<//>`} ${row.clamped && html`<${Badge} kind="warn">clamped<//>`}` },
];

const FACTS = [
  { id: "name", label: "What", render: (row) => titled(row.name) },
  { id: "value", label: "Is", render: (row) => html`<strong class="numbers outside">${said(row.value)}</strong>` },
  { id: "rule", label: "Rule", wide: true, render: (row) => html`<span class="soft">${row.rule}</span>` },
  { id: "sources", label: "Told by", wide: true, render: (row) => (row.sources.length ? row.sources.map((source, index) => html`<span class="small" key=${index}><${Source} source=${source} /> </span>`) : unknown) },
];

function said(value) {
  if (value === null) return unknown;
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "number" ? count(value) : value;
}

const draftColumns = (zone) => [
  { id: "at", label: "From", render: (row) => html`<${Time} at=${row.at} zone=${zone} />` },
  { id: "draft", label: "Is", render: (row) => (row.draft ? "a draft" : "ready for review") },
  { id: "source", label: "Told by", render: (row) => html`<${Source} source=${row.source} />` },
];
