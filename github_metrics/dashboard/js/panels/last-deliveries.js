import { ListPanel } from "../components/table.js";
import { Empty } from "../components/states.js";
import { Time } from "../components/time.js";
import { breakable } from "../lib/format.js";
import { html } from "../lib/html.js";
import { inWords } from "../lib/kinds.js";
import { follow, href } from "../lib/place.js";

/** The longest silent first. */
const ORDER = { by: "received_at", descending: false };
const rowsOf = (answer) => ({ rows: answer.repositories, pagination: answer.pagination });

/** When each repository was heard of last: one that has gone silent may have lost its webhook. */
export function LastDeliveries({ filters, span }) {
  const columns = [
    { id: "repository", label: "Repository", wide: true, sort: "repository", render: (row) => html`<span class="outside">${breakable(row.repository)}</span>` },
    { id: "received_at", label: "Last delivery", sort: "received_at", render: (row) => html`<${Time} at=${row.received_at} zone=${filters.tz} as="ago" />` },
    { id: "event_type", label: "What", wide: true, sort: "event_type", render: (row) => html`<a href=${href({ event: row.delivery_id })} onClick=${follow}>${inWords(row.event_type)}${row.action ? ` ${inWords(row.action)}` : ""}</a>` },
    { id: "sender", label: "By", sort: "sender", render: (row) => html`<span class="outside">${row.sender ?? "–"}</span>` },
  ];
  return html`<${ListPanel} title="Last delivery of each repository" span=${span} path="log" takes=${[]} filters=${filters} columns=${columns} rowsOf=${rowsOf} rowKey=${(row) => row.repository_id} name="repositories" order=${ORDER} empty=${html`<${Empty} title="No repository has been heard of" height=${160} />`} every=${10_000} />`;
}
