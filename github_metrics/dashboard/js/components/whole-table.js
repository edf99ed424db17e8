import { useState } from "preact/hooks";
import { html } from "../lib/html.js";
import { DataTable, Pager } from "./table.js";

/** What is not known stands last, whichever way the rest is sorted. */
function compare(a, b, descending) {
  const missing = (value) => value === null || value === undefined;
  if (missing(a) || missing(b)) return missing(a) - missing(b);
  const order = typeof a === "string" ? a.localeCompare(b, undefined, { sensitivity: "base", numeric: true }) : a - b;
  return descending ? -order : order;
}

/**
 * A list that is here as a whole, sorted and paged in the page. A column may be sorted by `value(row)`, or by the row's
 * field of its name; `value: null` leaves it alone. `first` is the id of the column that it is sorted by until the reader
 * chooses another.
 */
export function WholeTable({ caption, columns, rows, rowKey, first, name, size: firstSize = 10 }) {
  const [{ by, descending, page, size }, set] = useState({ by: first, descending: false, page: 1, size: firstSize });
  const heads = columns.map((column) => (column.value === null ? column : { ...column, sort: column.id }));
  const chosen = columns.find((column) => column.id === by);
  const value = chosen.value ?? ((row) => row[by]);
  const sorted = [...rows].sort((a, b) => compare(value(a), value(b), descending));
  const pages = Math.max(1, Math.ceil(rows.length / size));
  const shown = Math.min(page, pages);
  const onSort = (id) => set({ by: id, descending: id === by ? !descending : columns.find((column) => column.id === id).number === true, page: 1, size });
  return html`<${DataTable} caption=${caption} columns=${heads} rows=${sorted.slice((shown - 1) * size, shown * size)} rowKey=${rowKey} sort=${{ by, descending }} onSort=${onSort} />
    ${rows.length > Math.min(size, firstSize) && html`<${Pager} pagination=${{ page: shown, total: rows.length, total_pages: pages }} size=${size} name=${name} onPage=${(next) => set({ by, descending, page: next, size })} onSize=${(next) => set({ by, descending, page: 1, size: next })} />`}`;
}
