import { useEffect, useRef, useState } from "preact/hooks";
import { StatusBadge } from "../components/badge.js";
import { Icon } from "../components/icon.js";
import { Panel } from "../components/panel.js";
import { Empty } from "../components/states.js";
import { Time } from "../components/time.js";
import { plural } from "../lib/format.js";
import { html } from "../lib/html.js";
import { inWords } from "../lib/kinds.js";
import { onEvent } from "../lib/live.js";
import { change, follow, href, place } from "../lib/place.js";
import { useQuery } from "../lib/query.js";
import { resolve } from "../lib/ranges.js";
import { useStore } from "../lib/store.js";

const READ = 50;
const SHOWN = 100;
const ANNOUNCED = 20_000;
const TAKES = ["window", "repositories", "users", "actors"];
const STATUSES = ["success", "partial", "error"];

/** Whether an event of the stream belongs to what is shown. Who is a bot it does not say: then only the service knows. */
function belongs(event, filters, type, status) {
  const among = (list, name) => list.some((one) => one.toLowerCase() === name?.toLowerCase());
  const { end, live } = resolve(filters);
  return (
    live && (end === null || filters.range !== "custom" || new Date(event.created_at) < end) &&
    (!type || event.event_type === type) && (!status || event.status === status) &&
    (!filters.repositories.length || among(filters.repositories, event.repository)) &&
    (!filters.users.length || among(filters.users, event.sender)) && !among(filters.excluded, event.sender) &&
    (filters.actors === null || filters.actors === "all") && filters.maintainers
  );
}

/** Newest first, each once; what was read last is truer than what was pushed. */
function merged(read, pushed) {
  const by = new Map([...pushed, ...read].map((event) => [event.position, event]));
  return [...by.values()].sort((a, b) => b.position - a.position).slice(0, SHOWN);
}

/** What has just come; drawn at most once a frame, however much comes. */
function usePushed(filters, type, status, key) {
  const [pushed, setPushed] = useState([]);
  const waiting = useRef([]);
  useEffect(() => {
    setPushed([]);
    waiting.current = [];
    return onEvent(({ data: { event } }) => {
      if (!belongs(event, filters, type, status)) return;
      if (waiting.current.push(event) > 1) return;
      requestAnimationFrame(() => {
        const come = waiting.current;
        waiting.current = [];
        setPushed((before) => [...come, ...before].slice(0, 2 * SHOWN));
      });
    });
  }, [key]);
  return pushed;
}

export function LiveFeed({ filters, summary, span }) {
  const search = useStore(place);
  const type = search.get("feed.type");
  const status = STATUSES.find((one) => one === search.get("feed.status")) ?? null;
  const query = useQuery("webhooks", { page_size: READ, event_type: type, status }, { takes: TAKES, filters });
  const chosen = JSON.stringify([filters, type, status]);
  const pushed = usePushed(filters, type, status, chosen);
  const [hold, setHold] = useState(null);
  const held = hold?.chosen === chosen ? hold.events : null; // Another choice is to be seen.
  const events = merged(query.data?.data ?? [], pushed);
  const fresh = held ? events.filter((event) => event.position > (held[0]?.position ?? 0)).length : 0;
  const types = Object.keys(summary.data?.event_type_distribution ?? {});
  const { live } = resolve(filters);
  const tools = html`
    <label class="select"><span class="only-heard">Type of event</span><select value=${type ?? ""} onChange=${(event) => change({ "feed.type": event.target.value || null }, { replace: true })}>
      <option value="">All types</option>${[...new Set([...types, type].filter(Boolean))].map((one) => html`<option key=${one} value=${one}>${inWords(one)}</option>`)}</select></label>
    <label class="select"><span class="only-heard">Status</span><select value=${status ?? ""} onChange=${(event) => change({ "feed.status": event.target.value || null }, { replace: true })}>
      <option value="">Any status</option>${STATUSES.map((one) => html`<option key=${one} value=${one}>${one}</option>`)}</select></label>
    ${live && html`<button type="button" class="button" aria-pressed=${held !== null} onClick=${() => setHold(held ? null : { chosen, events })}><${Icon} name=${held ? "play" : "pause"} />${held ? "Resume" : "Pause"}</button>`}`;
  const shown = held ?? events;
  return html`<${Panel} title=${live ? "Live events" : "Events"} note=${live ? "as they come, newest first" : "the last of the range"} span=${span} query=${query} rows=${10} height=${420} tools=${tools} flush>
    ${() => html`<div class="feed-box">
      ${held && html`<button type="button" class="feed-held" onClick=${() => setHold(null)}>Paused${fresh ? `: ${plural(fresh, "new event")}` : ""}</button>`}
      ${shown.length ? html`<${Rows} events=${shown} zone=${filters.tz} />` : html`<${Empty} title="No events match" height=${360}>The range, or a filter, leaves nothing.<//>`}
      ${live && !held && html`<${Announcement} newest=${events[0]?.position ?? 0} />`}
    </div>`}
  <//>`;
}

const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };

/** One stop of the tab key; the arrow keys lead from event to event, as rows come above. */
function Rows({ events, zone }) {
  const [at, setAt] = useState(null);
  const list = useRef(null);
  const current = events.some((event) => event.position === at) ? at : events[0].position;
  const onKeyDown = (event) => {
    const step = STEPS[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const next = events.findIndex(({ position }) => position === current) + step;
    list.current.children[Math.max(0, Math.min(events.length - 1, next))].firstElementChild.focus();
  };
  return html`<ol class="feed" ref=${list} aria-label="Events; arrow keys lead from one to the next" onKeyDown=${onKeyDown} data-dated=${events.some((event) => feedTime(event.created_at) === "short") || undefined}>
    ${events.map((event) => html`<${Row} key=${event.position} event=${event} zone=${zone} reached=${event.position === current} onFocus=${() => setAt(event.position)} />`)}
  </ol>`;
}

function Row({ event, zone, reached, onFocus }) {
  const what = `${inWords(event.event_type)}${event.action ? ` ${inWords(event.action)}` : ""}`;
  return html`<li><a class="feed-row" tabindex=${reached ? 0 : -1} onFocus=${onFocus} href=${href({ event: event.delivery_id })} onClick=${follow}>
    <span class="feed-time faint numbers"><${Time} at=${event.created_at} zone=${zone} as=${feedTime(event.created_at)} /></span>
    <span class="feed-what cut">${what}${event.pr_number !== null && html` <span class="accent numbers">#${event.pr_number}</span>`}</span>
    <span class="feed-where cut soft outside">${event.repository ?? "no repository"}</span>
    <span class="feed-who cut soft outside">${event.sender ?? ""}</span>
    <span class="feed-status">${event.status === "success" ? html`<span class="dot good" title="success"><span class="only-heard">success</span></span>` : html`<${StatusBadge} status=${event.status} />`}</span>
  </a></li>`;
}

const feedTime = (at) => (Date.now() - new Date(at) < 20 * 3_600_000 ? "clock" : "short");

/** Says how many came, not each of them, and not more often than one can listen to. */
function Announcement({ newest }) {
  const [text, setText] = useState("");
  const said = useRef({ newest, at: Date.now() });
  useEffect(() => {
    const due = said.current.at + ANNOUNCED - Date.now();
    if (newest <= said.current.newest) return undefined;
    const timer = setTimeout(() => {
      setText(`${plural(newest - said.current.newest, "new event")}`);
      said.current = { newest, at: Date.now() };
    }, Math.max(0, due));
    return () => clearTimeout(timer);
  }, [newest]);
  return html`<p class="only-heard" role="status" aria-live="polite">${text}</p>`;
}
