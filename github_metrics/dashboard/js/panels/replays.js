import { Badge } from "../components/badge.js";
import { count, percent } from "../lib/format.js";
import { html } from "../lib/html.js";

/** Replays under way, each with how far it has come. */
export const ReplayBars = ({ replays }) => html`<ul class="replays" aria-label="Replays under way">${replays.map((one) => html`<li key=${one.replay_id}>
  <div class="replay-head"><span class="cut outside" title=${one.projections.join(", ")}>${one.purpose} of ${one.projections.join(", ")}</span>
    ${one.state === "resumable" && html`<${Badge} kind="warn" title="interrupted, nobody is at work on it">interrupted<//>`}
    <span class="numbers">${percent(100 * one.progress)}</span></div>
  <progress class="progress" max="1" value=${one.progress} aria-label=${`Replay ${one.replay_id}`}></progress>
  <p class="faint small numbers">${count(one.done)} of ${count(one.target)} positions${one.parked ? `, ${count(one.parked)} parked` : ""}</p>
</li>`)}</ul>`;
