import { count, milliseconds } from "../lib/format.js";
import { html } from "../lib/html.js";
import { useQuery } from "../lib/query.js";
import { StatusBadge } from "./badge.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icon.js";
import { Empty, Failure, Loading } from "./states.js";
import { Time } from "./time.js";
import { tell } from "./toasts.js";
import { Tree } from "./tree.js";

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    tell("The payload is copied.", "good");
  } catch {
    tell("This browser does not let pages copy.", "bad");
  }
}

/** One delivery: what is known of it, and its payload. */
export function EventDialog({ id, zone, onClose }) {
  const { data: event, error, refresh } = useQuery(`webhooks/${encodeURIComponent(id)}`, {}, { still: true });
  const title = event ? `${event.event_type}${event.action ? ` · ${event.action}` : ""}` : "Delivery";
  const tools = event?.payload !== null && event && html`<button type="button" class="button button-quiet" onClick=${() => copy(JSON.stringify(event.payload, null, 2))}><${Icon} name="copy" />Copy JSON</button>`;
  return html`<${Dialog} title=${title} subtitle=${event?.repository} onClose=${onClose} wide tools=${tools}>
    ${error ? html`<${Failure} error=${error} retry=${refresh} height=${200} />` : event ? html`<${Facts} event=${event} zone=${zone} /><${Payload} event=${event} />` : html`<${Loading} rows=${10} height=${320} />`}
  <//>`;
}

function Facts({ event, zone }) {
  const facts = [
    ["Status", html`<${StatusBadge} status=${event.status} />`],
    ["Sender", event.sender],
    ["Pull request", event.pr_number === null ? null : `#${event.pr_number}`],
    ["Received", html`<${Time} at=${event.created_at} zone=${zone} />`],
    ["Happened", event.event_at && html`<${Time} at=${event.event_at} zone=${zone} />`],
    ["Processing", milliseconds(event.duration_ms)],
    ["API calls", event.metrics_available ? count(event.api_calls_count) : null],
    ["Position", count(event.position)],
    ["Delivery", html`<span class="mono">${event.delivery_id}</span>`],
  ];
  return html`<dl class="facts">${facts.filter(([, value]) => value !== null && value !== undefined).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd class="outside">${value}</dd></div>`)}</dl>
    ${event.error_message && html`<p class="notice" data-kind="bad"><${Icon} name="warning" /><span class="outside">${event.error_message}</span></p>`}`;
}

function Payload({ event }) {
  if (event.payload === null) return html`<${Empty} title="The body is not JSON">It is kept byte for byte, in base64 in the answer of the API.<//>`;
  return html`<div class="tree"><${Tree} value=${event.payload} /></div>`;
}
