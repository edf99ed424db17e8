import { html } from "../lib/html.js";
import { live } from "../lib/live.js";
import { resolve } from "../lib/ranges.js";
import { useStore } from "../lib/store.js";

const SAID = {
  connecting: ["Connecting", "neutral", "The live stream is being opened."],
  live: ["Live", "good", "New events are shown as they come."],
  reconnecting: ["Reconnecting", "warn", "The live stream broke off; what came meanwhile is shown when it is back."],
  off: ["Not live", "neutral", "This service has no live stream: numbers are those of when they were read."],
  frozen: ["Frozen", "neutral", "The range has ended: new events do not change it."],
};

/** Whether what is shown follows what happens. */
export function LiveStatus({ filters, takes }) {
  const state = useStore(live, (told) => told.state);
  const frozen = takes.includes("window") && !resolve(filters).live;
  const [said, kind, meaning] = SAID[state === "live" && frozen ? "frozen" : state];
  return html`<span class="status" role="status" data-kind=${kind} data-state=${state} title=${meaning}><i aria-hidden="true"></i>${said}<span class="only-heard">: ${meaning}</span></span>`;
}
