import { Badge } from "../components/badge.js";
import { Icon } from "../components/icon.js";
import { Panel } from "../components/panel.js";
import { Empty } from "../components/states.js";
import { count, duration, plural } from "../lib/format.js";
import { html } from "../lib/html.js";
import { follow, hrefOfPage } from "../lib/place.js";
import { ReplayBars } from "./replays.js";
import { useProjections } from "../lib/projections.js";

const SHOWN = 10;
const KIND = { live: "good", building: "warn", halted: "bad", gone: "neutral" };

const weight = (one) => (one.state === "halted" ? 1e12 : 0) + (one.parked ? 1e9 : 0) + (one.state === "building" ? 1e6 : 0) + one.lag_events;

/** Whether the numbers are up to what was received: a sentence, and those that need a look. */
export function ProjectionsHealth({ span }) {
  const query = useProjections();
  return html`<${Panel} title="Read models" span=${span} query=${query} rows=${8} height=${300}
    tools=${html`<a class="button button-quiet" href=${hrefOfPage("operations")} onClick=${follow}>Operations</a>`}>
    ${({ projections, replays }) => {
      const active = projections.filter((one) => one.state !== "gone");
      if (!active.length) return html`<${Empty} title="Nothing is built yet">The projector builds the tables when it starts.<//>`;
      const shown = [...active].sort((a, b) => weight(b) - weight(a) || a.name.localeCompare(b.name)).slice(0, SHOWN);
      return html`<${Verdict} projections=${active} />
        ${replays.length > 0 && html`<${ReplayBars} replays=${replays} />`}
        <ul class="lines">${shown.map((one) => html`<li key=${one.name}><span class="mono cut" title=${one.doc}>${one.name}</span>
          <span class="faint numbers">${one.lag_events ? `${count(one.lag_events)} behind, ${duration(one.lag_seconds)}` : "up to date"}</span>
          ${one.parked > 0 ? html`<${Badge} kind="bad">${count(one.parked)} parked<//>` : html`<${Badge} kind=${KIND[one.state]} title=${one.halted_reason}>${one.state}<//>`}</li>`)}</ul>
        ${active.length > SHOWN && html`<p class="faint small">and ${plural(active.length - SHOWN, "other")}, none worse</p>`}`;
    }}
  <//>`;
}

/** One sentence for all of them. */
export function Verdict({ projections }) {
  const halted = projections.filter((one) => one.state === "halted").length;
  const parked = projections.reduce((sum, one) => sum + one.parked, 0);
  const building = projections.filter((one) => one.state === "building").length;
  const lag = Math.max(...projections.map((one) => one.lag_seconds), 0);
  const [kind, icon, text] = halted
    ? ["bad", "warning", `${plural(halted, "read model")} halted`]
    : parked
      ? ["warn", "warning", `${plural(parked, "event")} parked: some numbers lack them`]
      : building
        ? ["warn", "clock", `${plural(building, "read model")} being built`]
        : lag > 10
          ? ["warn", "clock", `${duration(lag)} behind`]
          : ["good", "check", `All ${count(projections.length)} are up to date`];
  return html`<p class="verdict" data-kind=${kind}><${Icon} name=${icon} />${text}</p>`;
}
