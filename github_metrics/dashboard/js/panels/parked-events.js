import { useState } from "preact/hooks";
import { Badge } from "../components/badge.js";
import { Icon } from "../components/icon.js";
import { Empty } from "../components/states.js";
import { ListPanel } from "../components/table.js";
import { Time } from "../components/time.js";
import { tell } from "../components/toasts.js";
import { metrics, send } from "../lib/api.js";
import { count } from "../lib/format.js";
import { html } from "../lib/html.js";
import { inWords } from "../lib/kinds.js";
import { stir } from "../lib/live.js";
import { change, follow, href, place } from "../lib/place.js";
import { useStore } from "../lib/store.js";

const ORDER = { by: "position", descending: true };
const rowsOf = (answer) => ({ rows: answer.data, pagination: answer.pagination });
const STATES = ["parked", "resolved", "ignored", "all"];
const KIND = { parked: "bad", resolved: "good", ignored: "neutral" };

/** Events that a read model could not apply: look at one, and try it again. */
export function ParkedEvents({ filters, span }) {
  const asked = useStore(place, (search) => search.get("parked"));
  const state = STATES.includes(asked) ? asked : "parked";
  const columns = [
    { id: "delivery_id", label: "Event", wide: true, sort: "position", render: (row) => html`<a href=${href({ event: row.delivery_id })} onClick=${follow}>${inWords(row.event_type)}</a> <span class="faint numbers">at ${count(row.position)}</span><br /><span class="mono faint">${row.projection}</span>` },
    { id: "error", label: "Error", wide: true, sort: "reason", render: (row) => html`<span class="small outside">${row.error}</span>` },
    { id: "parked_at", label: "Since", sort: "parked_at", render: (row) => html`<${Time} at=${row.parked_at} zone=${filters.tz} as="ago" /><br /><span class="faint small numbers">${count(row.attempts)} ${row.attempts === 1 ? "try" : "tries"}</span>` },
    { id: "state", label: "", of: "What to do", render: (row) => (row.state === "parked" ? html`<${Retry} id=${row.parked_id} />` : html`<${Badge} kind=${KIND[row.state]}>${row.state}<//>`) },
  ];
  const tools = html`<label class="select"><span class="only-heard">State</span><select value=${state} onChange=${(event) => change({ parked: event.target.value === "parked" ? null : event.target.value })}>${STATES.map((one) => html`<option key=${one} value=${one}>${one}</option>`)}</select></label>`;
  const empty = html`<${Empty} icon="check" title=${state === "parked" ? "Nothing is parked" : "Nothing here"} height=${200}>${state === "parked" ? "Every event could be applied by every read model." : ""}<//>`;
  return html`<${ListPanel} title="Parked events" note="what a read model could not apply" span=${span} path="parked" parameters=${{ state }} takes=${[]} filters=${filters} columns=${columns} rowsOf=${rowsOf} rowKey=${(row) => row.parked_id} name="parked events" order=${ORDER} empty=${empty} tools=${tools} every=${10_000} />`;
}

function Retry({ id }) {
  const [busy, setBusy] = useState(false);
  const retry = async () => {
    setBusy(true);
    try {
      const { state, error } = await send(metrics(`parked/${encodeURIComponent(id)}/retry`));
      if (state === "resolved") tell(`${id} is applied.`, "good");
      else tell(`${id} is parked still: ${error}`, "bad");
    } catch (error) {
      tell(`${id}: ${error.message}`, "bad");
    }
    setBusy(false);
    stir(0);
  };
  return html`<button type="button" class="button button-small" disabled=${busy} onClick=${retry}><${Icon} name="refresh" size=${14} />${busy ? "Trying" : "Retry"}<span class="only-heard"> ${id}</span></button>`;
}
