import { Badge } from "../components/badge.js";
import { Panel } from "../components/panel.js";
import { Empty } from "../components/states.js";
import { Time } from "../components/time.js";
import { count, percent, plural } from "../lib/format.js";
import { html } from "../lib/html.js";

const MANY = 3;

const named = (names) => (names.length > MANY ? `${names.slice(0, MANY).join(", ")} and ${names.length - MANY} more` : names.join(", "));

/** Replays under way, each with how far it has come. */
export const ReplayBars = ({ replays, zone }) => html`<ul class="replays" aria-label="Replays under way">${replays.map((one) => html`<li key=${one.replay_id}>
  <div class="replay-head"><span class="cut outside" title=${one.projections.join(", ")}>${one.purpose === "verify" ? "Verifying" : "Rebuilding"} ${named(one.projections)}</span>
    ${one.state === "resumable" && html`<${Badge} kind="warn" title="interrupted, nobody is at work on it">interrupted<//>`}
    <span class="numbers">${percent(100 * one.progress)}</span></div>
  <progress class="progress" max="1" value=${one.progress} aria-label=${`Replay ${one.replay_id}`}></progress>
  <p class="faint small numbers">${count(one.done)} of ${count(one.target)} positions${one.parked ? `, ${plural(one.parked, "event")} parked` : ""}${zone && html`, begun <${Time} at=${one.begun_at} zone=${zone} as="ago" />`}</p>
</li>`)}</ul>`;

/** The same as a panel. */
export function Replays({ query, zone, span }) {
  return html`<${Panel} title="Replays" span=${span} query=${query} height=${268}>
    ${({ replays }) => (replays.length ? html`<${ReplayBars} replays=${replays} zone=${zone} />` : html`<${Empty} icon="check" title="No replay is under way" height=${220}><code>replay NAME</code> rebuilds a read model from the log, <code>verify</code> compares it, while readers go on.<//>`)}
  <//>`;
}
