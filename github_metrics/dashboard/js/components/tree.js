import { useState } from "preact/hooks";
import { html } from "../lib/html.js";

const MOST = 100;
const LONG = 300;

/** Any JSON, to be opened part by part. What is closed is not drawn. */
export function Tree({ value, name = null, depth = 0, open: opened = depth < 1 }) {
  if (value === null || typeof value !== "object") return html`<div class="leaf">${name !== null && html`<${Name} name=${name} />`}<${Leaf} value=${value} /></div>`;
  return html`<${Branch} value=${value} name=${name} depth=${depth} opened=${opened} />`;
}

const Name = ({ name }) => html`<span class="tree-name outside">${name}</span><span class="faint">: </span>`;

function Branch({ value, name, depth, opened }) {
  const [open, setOpen] = useState(opened);
  const [shown, setShown] = useState(MOST);
  const entries = Array.isArray(value) ? value.map((one, index) => [String(index), one]) : Object.entries(value);
  const size = Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`;
  if (entries.length === 0) return html`<div class="leaf">${name !== null && html`<${Name} name=${name} />`}<span class="faint">${Array.isArray(value) ? "[ ]" : "{ }"}</span></div>`;
  return html`<details class="branch" open=${open} onToggle=${(event) => event.target === event.currentTarget && setOpen(event.currentTarget.open)}>
    <summary>${name === null ? html`<span class="soft">payload</span> ` : html`<${Name} name=${name} />`}<span class="faint">${size}${open ? "" : html` <span class="outside">${hint(value)}</span>`}</span></summary>
    ${open && html`<div class="branch-body">${entries.slice(0, shown).map(([key, one]) => html`<${Tree} key=${key} name=${key} value=${one} depth=${depth + 1} />`)}
      ${entries.length > shown && html`<button type="button" class="button button-quiet" onClick=${() => setShown(shown + 10 * MOST)}>${entries.length - shown} more</button>`}</div>`}
  </details>`;
}

/** What a closed branch is about, if it says so in a word. */
function hint(value) {
  const told = value.full_name ?? value.login ?? value.name ?? value.title ?? value.sha ?? value.id;
  return typeof told === "string" || typeof told === "number" ? String(told).slice(0, 60) : "";
}

function Leaf({ value }) {
  const [whole, setWhole] = useState(false);
  if (typeof value !== "string") return html`<span class="tree-value" data-kind=${value === null ? "null" : typeof value}>${String(value)}</span>`;
  const cut = !whole && value.length > LONG;
  return html`<span class="tree-value outside" data-kind="string">"${cut ? value.slice(0, LONG) : value}"</span>${cut && html` <button type="button" class="button button-quiet button-small" onClick=${() => setWhole(true)}>… ${value.length - LONG} more characters</button>`}`;
}
