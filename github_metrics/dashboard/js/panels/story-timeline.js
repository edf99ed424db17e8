import { Badge } from "../components/badge.js";
import { Icon } from "../components/icon.js";
import { Empty } from "../components/states.js";
import { Time } from "../components/time.js";
import { count, duration, plural } from "../lib/format.js";
import { html } from "../lib/html.js";
import { follow, href } from "../lib/place.js";
import { byDay, kindOf, webAddress } from "../lib/story.js";

const ICONS = { life: "pull-requests", merged: "pull-requests", good: "check", bad: "close", review: "reviews", commit: "level", checks: "ci", "checks-bad": "ci", comment: "comment", deployment: "up", other: "dot" };

/** Everything that happened, under its day, at its own time. */
export function StoryTimeline({ events, zone }) {
  if (!events.length) return html`<${Empty} title="Nothing was told of it" />`;
  return html`${byDay(events, zone).map(({ name, events: told }) => html`<section class="story-day" key=${name}>
    <h3>${name}</h3>
    <ol class="story">${told.map((event, index) => html`<${Event} key=${`${event.position ?? event.commit}-${event.event_type}-${index}`} event=${event} zone=${zone} />`)}</ol>
  </section>`)}`;
}

function Event({ event, zone }) {
  const kind = kindOf(event);
  const address = webAddress(event.url);
  return html`<li class="story-event" data-kind=${kind}>
    <span class="story-time faint numbers">${event.timestamp && html`<${Time} at=${event.timestamp} zone=${zone} as="clock" />`}</span>
    <span class="story-sign"><${Icon} name=${ICONS[kind]} size=${14} /></span>
    <div class="story-what">
      <p><span class="outside">${event.description}</span>${event.label && html` <${Label} event=${event} />`}
        ${event.resolution_time_hours !== undefined && html` <span class="faint small">after ${duration(event.resolution_time_hours * 3600)}</span>`}</p>
      ${event.path && event.body && html`<p class="mono faint small outside">${event.path}</p>`}
      ${event.body && html`<p class="excerpt outside">${event.body}${event.truncated ? "…" : ""}</p>`}
      ${event.children && html`<${Checks} event=${event} zone=${zone} />`}
    </div>
    <span class="story-links">
      ${address && html`<a href=${address} target="_blank" rel="noopener noreferrer" title="On GitHub"><${Icon} name="external" size=${13} /><span class="only-heard">On GitHub: ${event.description}</span></a>`}
      ${event.delivery_id && html`<a class="numbers" href=${href({ event: event.delivery_id })} onClick=${follow} title=${`Delivery ${event.delivery_id}`}><span class="only-heard">Delivery at position </span>${count(event.position)}</a>`}
    </span>
  </li>`;
}

/** The sentence names the label; the badge says what it stands for. */
const MEANS = { approved_label: ["good", "approval"], lgtm: ["good", "LGTM"] };
function Label({ event }) {
  const [kind, said] = MEANS[event.event_type] ?? [];
  return kind ? html`<${Badge} kind=${kind}>${said}<//>` : null;
}

const RESULT = { success: "good", failure: "bad", timed_out: "bad", startup_failure: "bad", action_required: "bad", error: "bad" };

/** Every attempt of every check on one push, those that ever failed first; open where something failed. */
function Checks({ event, zone }) {
  const broken = new Set(event.children.filter((check) => check.failed).map((check) => check.name));
  const checks = [...event.children].sort((a, b) => broken.has(b.name) - broken.has(a.name) || (a.name ?? "").localeCompare(b.name ?? "") || (a.attempt ?? Infinity) - (b.attempt ?? Infinity));
  const failed = checks.filter((check) => check.failed).length;
  const good = checks.filter((check) => RESULT[check.conclusion] === "good").length;
  const again = checks.filter((check) => check.attempt > 1).length;
  const parts = [
    failed > 0 && html`<${Badge} kind="bad">${count(failed)} failed<//>`,
    good > 0 && html`<${Badge} kind="good">${count(good)} passed<//>`,
    checks.length - failed - good > 0 && html`<${Badge}>${count(checks.length - failed - good)} other<//>`,
    again > 0 && html`<${Badge} kind="warn">${plural(again, "re-run")}<//>`,
  ];
  return html`<details class="story-checks" open=${failed > 0}>
    <summary><span class="story-counts"><span class="faint">${plural(event.children_total ?? checks.length, "attempt")}</span>${parts}</span></summary>
    <div class="table-scroll" tabindex="0" role="group" aria-label=${event.description}><table class="table table-stack">
      <thead><tr><th scope="col">Check</th><th scope="col">Result</th><th scope="col" class="number">Attempt</th><th scope="col">Started</th><th scope="col" class="number">Took</th></tr></thead>
      <tbody>${checks.map((check, index) => html`<${Check} key=${index} check=${check} zone=${zone} />`)}</tbody>
    </table></div>
    ${event.truncated && html`<p class="faint small">The first ${count(checks.length)} of ${count(event.children_total)}.</p>`}
  </details>`;
}

function Check({ check, zone }) {
  const took = check.started_at && check.completed_at ? Math.max(0, (new Date(check.completed_at) - new Date(check.started_at)) / 1000) : null;
  return html`<tr>
    <td class="wide outside">${check.name ?? "without a name"}${check.kind === "status" && html` <span class="faint small">status</span>`}</td>
    <td data-label="Result"><${Badge} kind=${RESULT[check.conclusion] ?? "neutral"}>${(check.conclusion ?? check.status ?? "not known").replaceAll("_", " ")}<//></td>
    <td class="number" data-label="Attempt">${check.attempt ?? "–"}</td>
    <td data-label="Started"><${Time} at=${check.started_at ?? check.timestamp} zone=${zone} as="clock" /></td>
    <td class="number" data-label="Took">${took === null ? "–" : took < 1 ? "0 s" : duration(took)}</td>
  </tr>`;
}
