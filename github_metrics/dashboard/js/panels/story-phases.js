import { Badge } from "../components/badge.js";
import { Time } from "../components/time.js";
import { now } from "../lib/clock.js";
import { dateTime, duration } from "../lib/format.js";
import { html } from "../lib/html.js";
import { adding, PHASES } from "../lib/phases.js";
import { kindOf, phasesOf } from "../lib/story.js";

const MOST_MARKS = 400;

/** The phases of one pull request, as long as they were, and what happened meanwhile at its place. */
export function StoryPhases({ pr, events, explained, zone }) {
  const phases = phasesOf(explained, now());
  const begun = phases.find(({ start }) => start !== null);
  if (!begun) return html`<p class="faint">When it was opened was not told.</p>`;
  const [start, end] = [begun.start, phases.findLast(({ state }) => state !== "none").end];
  const length = Math.max(1, (end - start) / 1000);
  const known = phases.map(({ seconds }) => seconds ?? 0);
  const merged = pr.merged === true;
  const said = merged ? adding(known, known.reduce((sum, one) => sum + one, 0)) : { parts: known.map((one) => (one ? duration(one) : "0 s")), total: duration(length) };
  const flags = Object.fromEntries(explained.phases.map((phase) => [phase.name, phase]));
  const whole = merged ? "Cycle time" : pr.state === "open" ? "Open for" : "Closed after";
  return html`<section class="phases" aria-label="Phases">
    <div class="phase-bar" role="img" aria-label=${`${whole} ${said.total}, from ${dateTime(start, zone)} to ${pr.state === "open" ? "now" : dateTime(end, zone)}`}>
      ${phases.map(({ seconds, state }, index) => seconds > 0 && html`<i key=${PHASES[index].id} data-series=${PHASES[index].series} data-state=${state} style=${{ width: `${((100 * seconds) / length).toFixed(3)}%` }}></i>`)}
    </div>
    <${Marks} events=${events} start=${start} length=${length} />
    <div class="phase-ends faint small numbers" aria-hidden="true"><span>${dateTime(start, zone)}</span><span>${pr.state === "open" ? "now" : dateTime(end, zone)}</span></div>
    <dl class="phase-list">
      ${phases.map((phase, index) => html`<${Phase} key=${PHASES[index].id} of=${PHASES[index]} phase=${phase} said=${said.parts[index]} flags=${flags[PHASES[index].id]} open=${pr.state === "open"} zone=${zone} />`)}
      <div class="phase-whole"><dt>${whole}</dt><dd class="numbers">${said.total}</dd>${merged && html`<dd class="faint small">the sum of the four</dd>`}</div>
    </dl>
  </section>`;
}

/** What happened, at its place below the bar. Who does not see it reads the timeline. */
function Marks({ events, start, length }) {
  const placed = events.map((event) => [event, (new Date(event.timestamp ?? NaN) - start) / 1000 / length]).filter(([, share]) => share >= 0 && share <= 1);
  return html`<div class="phase-marks" aria-hidden="true">${placed.slice(0, MOST_MARKS).map(([event, share], index) => html`<i key=${index} data-kind=${kindOf(event)} title=${event.description} style=${{ insetInlineStart: `${(100 * share).toFixed(3)}%` }}></i>`)}</div>`;
}

function Phase({ of, phase, said, flags, open, zone }) {
  const { end, state, seconds } = phase;
  const never = of.id === "draft_time" && seconds === 0;
  return html`<div title=${`${of.name}: ${of.meaning}`}>
    <dt class="phase-name"><i data-series=${of.series}></i>${of.name}</dt>
    <dd class="numbers">${state === "none" ? html`<span class="faint">not begun</span>` : never ? html`<span class="faint">none</span>` : said}</dd>
    ${state !== "none" && !never && html`<dd class="faint small">${state === "done" ? html`until <${Time} at=${end} zone=${zone} />` : open ? "so far" : "it never ended"}</dd>`}
    ${(flags?.imputed || flags?.clamped) && html`<dd>${flags.imputed && html`<${Badge} kind="warn" title="It ends or begins at what never was: out of this phase's statistics">imputed<//>`} ${flags.clamped && html`<${Badge} kind="warn" title="It was told in an impossible order, and a boundary was moved">clamped<//>`}</dd>`}
  </div>`;
}
