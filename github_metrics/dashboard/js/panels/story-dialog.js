import { useState } from "preact/hooks";
import { Badge } from "../components/badge.js";
import { Dialog } from "../components/dialog.js";
import { Icon } from "../components/icon.js";
import { Failure, Loading } from "../components/states.js";
import { count, plural } from "../lib/format.js";
import { html } from "../lib/html.js";
import { change, place } from "../lib/place.js";
import { nameOf, pathOf, stateOf } from "../lib/pull-requests.js";
import { useQuery } from "../lib/query.js";
import { useStore } from "../lib/store.js";
import { webAddress } from "../lib/story.js";
import { StoryPhases } from "./story-phases.js";
import { StoryTimeline } from "./story-timeline.js";
import { StoryWhy } from "./story-why.js";

const EVENTS = 500;
const VIEWS = [
  [null, "Timeline"],
  ["why", "Why these numbers"],
];

/** Everything about one pull request: its phases, what happened, and where its numbers come from. */
export function StoryDialog({ pullRequest, zone, onClose }) {
  const [page, setPage] = useState(1);
  const view = useStore(place, (search) => search.get("story")) === "why" ? "why" : null;
  const story = useQuery(pathOf("pr-story", pullRequest), { page, page_size: EVENTS });
  const explained = useQuery(pathOf("explain", pullRequest));
  const failed = [story, explained].find((one) => one.error && !one.data);
  const ready = story.data && explained.data;
  const pr = story.data?.pr;
  const address = webAddress(pr?.url);
  const tools = address && html`<a class="button button-quiet" href=${address} target="_blank" rel="noopener noreferrer"><${Icon} name="external" />GitHub</a>`;
  return html`<${Dialog} title=${pr ? pr.title || "Without a title" : "Pull request"} subtitle=${pr ? `${pr.repository} #${pr.number} · ${pr.author ?? "ghost"}` : nameOf(pullRequest)} onClose=${onClose} wide tools=${tools}>
    ${failed ? html`<${Failure} error=${failed.error} retry=${() => [story, explained].forEach((one) => one.refresh())} height=${280} />` : !ready ? html`<${Loading} rows=${14} height=${520} />` : html`<div class="story-page">
      <${Summary} pr=${pr} summary=${story.data.summary} size=${explained.data.facts.find((one) => one.name === "size")?.value} />
      <${StoryPhases} pr=${pr} events=${story.data.events} explained=${explained.data} zone=${zone} />
      <${Views} view=${view} />
      ${view === "why" ? html`<${StoryWhy} explained=${explained.data} zone=${zone} />` : html`<div><${StoryTimeline} events=${story.data.events} zone=${zone} /><${Pages} pagination=${story.data.pagination} page=${page} onPage=${setPage} /></div>`}
    </div>`}
  <//>`;
}

function Summary({ pr, summary, size }) {
  const [said, kind] = stateOf(pr);
  const parts = [
    plural(summary.total_pushes, "push", "pushes"),
    plural(summary.total_reviews - summary.bot_reviews, "review") + (summary.bot_reviews ? ` and ${count(summary.bot_reviews)} of bots` : ""),
    plural(summary.total_comments, "comment"),
    (summary.total_check_attempts > 0 || summary.total_commit_statuses === 0) && `${plural(summary.total_check_attempts, "check attempt")}${summary.failed_check_attempts ? `, ${count(summary.failed_check_attempts)} failed` : ""}`,
    summary.total_commit_statuses > 0 && plural(summary.total_commit_statuses, "commit status", "commit statuses"),
    size !== null && size !== undefined && plural(size, "line"),
  ].filter(Boolean);
  return html`<p class="story-summary"><${Badge} kind=${kind}>${said}<//> <span class="soft">${parts.join(" · ")}</span></p>`;
}

const Views = ({ view }) => html`<fieldset class="views"><legend class="only-heard">Show</legend><div class="segments">
  ${VIEWS.map(([id, label]) => html`<label key=${label}><input type="radio" name="story" checked=${view === id} onChange=${() => change({ story: id }, { replace: true })} /><span>${label}</span></label>`)}
</div></fieldset>`;

/** Of a story longer than a page. */
function Pages({ pagination, page, onPage }) {
  const { total, total_pages: pages } = pagination;
  if (pages <= 1) return null;
  return html`<nav class="pager" aria-label="Pages of the story"><span class="numbers" role="status">page ${count(page)} of ${count(pages)}, ${plural(total, "event")}</span>
    <button type="button" class="button button-icon" disabled=${page <= 1} onClick=${() => onPage(page - 1)} aria-label="Earlier"><${Icon} name="left" /></button>
    <button type="button" class="button button-icon" disabled=${page >= pages} onClick=${() => onPage(page + 1)} aria-label="Later"><${Icon} name="right" /></button></nav>`;
}
