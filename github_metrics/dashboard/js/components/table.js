import { useEffect, useState } from "preact/hooks";
import { count, unknown } from "../lib/format.js";
import { html } from "../lib/html.js";
import { metrics, read } from "../lib/api.js";
import { parametersOf } from "../lib/filters.js";
import { change, place } from "../lib/place.js";
import { useQuery } from "../lib/query.js";
import { useStore } from "../lib/store.js";
import { Icon } from "./icon.js";
import { Panel } from "./panel.js";
import { Empty } from "./states.js";
import { tell } from "./toasts.js";

const SIZES = [10, 25, 50, 100];
const STACKED = 4;

/**
 * Rows under headings. A column: {id, label, of, number, render(row), sort, title, wide}; without `render` the row's field of
 * that name is shown. `sort` {by, descending} is how the rows are ordered now; `onSort(id)` makes headings buttons. `of` is
 * heard before a label that stands for itself only beside its neighbour, or instead of one. Where there is little room
 * (css/tables.css) each row of many cells is laid out in lines, each cell with its label above it.
 */
export function DataTable({ caption, columns, rows, rowKey, sort, onSort, maxHeight, faded = false }) {
  return html`<div class=${`table-scroll ${faded ? "is-stale" : ""}`} style=${maxHeight ? { maxHeight: `${maxHeight}px` } : {}} tabindex="0" role="group" aria-label=${caption}>
    <table class=${`table ${columns.length >= STACKED ? "table-stack" : ""}`}>
      <caption class="only-heard">${caption}</caption>
      <thead><tr>${columns.map((column) => html`<${Heading} key=${column.id} column=${column} sort=${sort} onSort=${onSort} />`)}</tr></thead>
      <tbody>${rows.map((row, index) => html`<tr key=${rowKey ? rowKey(row) : index}>${columns.map((column) => html`<${Cell} key=${column.id} column=${column} row=${row} />`)}</tr>`)}</tbody>
    </table>
  </div>`;
}

function Heading({ column, sort, onSort }) {
  const kind = `${column.number ? "number" : ""} ${column.wide ? "wide" : ""}`;
  const label = column.of ? [html`<span class="only-heard">${column.of}${column.label && ", "}</span>`, column.label] : column.label;
  const sorted = sort?.by === column.sort && column.sort !== undefined;
  if (!onSort || !column.sort) return html`<th scope="col" class=${kind} title=${column.title}>${label}</th>`;
  return html`<th scope="col" class=${kind} aria-sort=${sorted ? (sort.descending ? "descending" : "ascending") : "none"}>
    <button type="button" class="sorter" title=${column.title} onClick=${() => onSort(column.sort)}>${label}<${Icon} name=${sorted ? (sort.descending ? "down" : "up") : "sort"} size=${12} /></button>
  </th>`;
}

function Cell({ column, row }) {
  const shown = column.render ? column.render(row) : row[column.id];
  const kind = `${column.number ? "number" : ""} ${column.wide ? "wide outside" : ""}`;
  return html`<td class=${kind} data-label=${[column.of, column.label].filter((one) => one && column.label).join(" ")}>${shown ?? unknown}</td>`;
}

/** Where in the list the page is, and the way to the others. */
export function Pager({ pagination, size, onPage, onSize, name }) {
  const { page, total, total_pages: pages } = pagination;
  const first = total === 0 ? 0 : (page - 1) * size + 1;
  const last = Math.min(total, page * size);
  return html`<nav class="pager" aria-label=${`Pages of ${name}`}>
    <label class="pager-size">Rows <select value=${size} onChange=${(event) => onSize(Number(event.target.value))}>${SIZES.map((one) => html`<option key=${one} value=${one}>${one}</option>`)}</select></label>
    <span class="numbers" role="status">${first > last ? `past the end of ${count(total)}` : `${count(first)}–${count(last)} of ${count(total)}`}</span>
    <button type="button" class="button button-icon" disabled=${page <= 1} onClick=${() => onPage(Math.min(page - 1, Math.max(1, pages)))} aria-label="Previous page"><${Icon} name="left" /></button>
    <button type="button" class="button button-icon" disabled=${page >= pages} onClick=${() => onPage(page + 1)} aria-label="Next page"><${Icon} name="right" /></button>
  </nav>`;
}

/** A size of pages that an address may ask for; null is none. */
function sizeIn(text) {
  const size = parseInt(text, 10);
  return size >= 1 && size <= SIZES.at(-1) ? size : null;
}

/** Every row of a list, read page by page, as a file. */
async function save(path, parameters, rowsOf, name) {
  const rows = [];
  for (let page = 1, pages = 1; page <= pages; page += 1) {
    const answer = await read(metrics(path, { ...parameters, page, page_size: 100 }));
    rows.push(...rowsOf(answer).rows);
    pages = rowsOf(answer).pagination.total_pages;
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(rows, null, 2)], { type: "application/json" }));
  link.download = `${name}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** The whole result, not the page that is shown, as CSV or JSON. */
export function Exports({ path, parameters, rowsOf, name, csv = true }) {
  const [busy, setBusy] = useState(false);
  const saveJson = async () => {
    setBusy(true);
    try {
      await save(path, parameters, rowsOf, name);
    } catch (error) {
      tell(`The file could not be made: ${error.message}`, "bad");
    }
    setBusy(false);
  };
  return html`<span class="exports">
    ${csv && html`<a class="button button-quiet" href=${metrics(path, { ...parameters, format: "csv" })} download=${`${name}.csv`}><${Icon} name="download" />CSV<span class="only-heard"> of all ${name}</span></a>`}
    <button type="button" class="button button-quiet" disabled=${busy} onClick=${saveJson}><${Icon} name="download" />JSON<span class="only-heard"> of all ${name}</span></button>
  </span>`;
}

/**
 * A panel with a list of the API, page by page, sorted by the service over the whole result.
 * `rowsOf(answer)` gives {rows, pagination}. `order` {by, descending} is how it comes at first; columns with `sort` can be
 * sorted by, if the endpoint takes `sort=field` and `sort=-field`. `at` names its parameters in the address (none: not
 * kept there). `above` draws something of the answer over the rows; `bar` is the panel's. `listed` says which list is
 * meant, where an answer has several: asked only when that matters, so that panels of the same answer share it.
 */
export function ListPanel({ title, note, span, path, parameters = {}, takes = ["window"], filters, columns, rowsOf, rowKey, name, order, at, size: firstSize = 10, csv = true, empty, tools, maxHeight, every, above, bar, listed = {}, height = 160 }) {
  const search = useStore(place);
  const [own, setOwn] = useState({ page: 1, size: firstSize, sort: order });
  const [by, direction] = (at && search.get(`${at}.sort`)?.split(" ")) || [];
  const state = at ? { page: Math.max(1, parseInt(search.get(`${at}.page`), 10) || 1), size: sizeIn(search.get(`${at}.size`)) ?? firstSize, sort: columns.some(({ sort }) => sort && sort === by) ? { by, descending: direction === "down" } : order } : own;
  const asked = { ...parameters, ...(state.sort ? { ...listed, sort: `${state.sort.descending ? "-" : ""}${state.sort.by}` } : {}) };

  const move = (changes) => {
    const next = { ...state, ...changes };
    if (!at) return setOwn(next);
    const { sort } = next;
    return change({
      [`${at}.page`]: next.page === 1 ? null : next.page,
      [`${at}.size`]: next.size === firstSize ? null : next.size,
      [`${at}.sort`]: !sort || (sort.by === order?.by && sort.descending === order?.descending) ? null : `${sort.by} ${sort.descending ? "down" : "up"}`,
    });
  };
  const chosen = JSON.stringify([parameters, parametersOf(takes.filter((one) => one !== "window"), filters), filters.range, filters.from, filters.to]);
  const [before, setBefore] = useState(chosen);
  useEffect(() => {
    if (before === chosen) return;
    setBefore(chosen);
    if (state.page !== 1) move({ page: 1 });
  }, [chosen]);

  const query = useQuery(path, { ...asked, page: state.page, page_size: state.size }, { takes, filters, every });
  const exported = { ...asked, ...listed, ...parametersOf(takes, filters) };
  const onSort = (by) => move({ page: 1, sort: { by, descending: state.sort?.by === by ? !state.sort.descending : columns.find((one) => one.sort === by).number === true } });
  return html`<${Panel} title=${title} note=${note} span=${span} query=${query} rows=${state.size} height=${height} bar=${bar} flush
      tools=${html`${tools}<${Exports} path=${path} parameters=${exported} rowsOf=${rowsOf} name=${name} csv=${csv} />`}>
    ${(answer) => {
      const { rows, pagination } = rowsOf(answer);
      if (pagination.total === 0) return empty ?? html`<${Empty} title=${`No ${name} in this range`}>Choose a longer range, or fewer filters.<//>`;
      return html`${above?.(answer)}<${DataTable} caption=${title} columns=${columns} rows=${rows} rowKey=${rowKey} sort=${state.sort} onSort=${onSort} faded=${query.stale} maxHeight=${maxHeight} />
        <${Pager} pagination=${pagination} size=${state.size} name=${name} onPage=${(page) => move({ page })} onSize=${(size) => move({ size, page: 1 })} />`;
    }}
  <//>`;
}
