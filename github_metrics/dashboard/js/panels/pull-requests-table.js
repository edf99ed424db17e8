import { Badge } from "../components/badge.js";
import { Combobox } from "../components/combobox.js";
import { Icon } from "../components/icon.js";
import { Popover } from "../components/popover.js";
import { Search } from "../components/search.js";
import { Empty } from "../components/states.js";
import { ListPanel } from "../components/table.js";
import { Time } from "../components/time.js";
import { count, duration, plural } from "../lib/format.js";
import { html } from "../lib/html.js";
import { change, follow, place } from "../lib/place.js";
import { hrefOfStory, nameOf, stateOf, TAKES } from "../lib/pull-requests.js";
import { useQuery } from "../lib/query.js";
import { useStore } from "../lib/store.js";

const CHOICES = [
  { id: "state", label: "State", options: [["", "Any state"], ["open", "Open"], ["merged", "Merged"], ["closed", "Closed unmerged"]] },
  { id: "draft", label: "Drafts", options: [["", "Drafts too"], ["false", "No drafts"], ["true", "Only drafts"]] },
  { id: "size", label: "Size", options: [["", "Any size"], ["XS", "XS, up to 9 lines"], ["S", "S, up to 29"], ["M", "M, up to 99"], ["L", "L, up to 499"], ["XL", "XL, up to 999"], ["XXL", "XXL, 1000 or more"]] },
  { id: "stale", label: "Stale", options: [["", "Stale or not"], ["true", "Stale"], ["false", "Not stale"]] },
];
const SINCE = { open: "opened in the range, and open", merged: "merged in the range", closed: "closed in the range" };
const LONGEST = 200; // As long as the service searches for.
const NOTHING = { "prs.search": null, "prs.state": null, "prs.draft": null, "prs.size": null, "prs.stale": null, "prs.label": null };
const rowsOf = (answer) => ({ rows: answer.data, pagination: answer.pagination });

/** What of the list is asked for, as the address says it. What an address cannot mean is nothing. */
function chosenIn(search) {
  const chosen = { search: (search.get("prs.search") ?? "").slice(0, LONGEST), label: search.getAll("prs.label") };
  for (const { id, options } of CHOICES) {
    const value = search.get(`prs.${id}`) ?? "";
    chosen[id] = options.some(([one]) => one === value) ? value : "";
  }
  return chosen;
}

/** Every pull request of the window, to be searched, filtered and sorted over all of them. */
export function PullRequestsTable({ filters, span }) {
  const chosen = chosenIn(useStore(place));
  const any = Object.values(chosen).some((one) => one.length > 0);
  const clear = html`<button type="button" class="button" onClick=${() => change(NOTHING)}>Clear search and filters</button>`;
  const empty = html`<${Empty} title=${any ? "No pull requests match" : "No pull requests in this range"}>${any ? html`<p>Of those in the range none is like this.</p>${clear}` : "Choose a longer range, or fewer filters."}<//>`;
  return html`<${ListPanel} title="All pull requests" note=${SINCE[chosen.state] ?? "opened in the range"} span=${span} path="pull-requests" parameters=${chosen} takes=${TAKES} filters=${filters}
    columns=${columnsOf(filters)} rowsOf=${rowsOf} rowKey=${nameOf} name="pull requests" at="prs" size=${10} order=${{ by: "opened_at", descending: true }} empty=${empty} bar=${html`<${Bar} chosen=${chosen} />`} />`;
}

function Bar({ chosen }) {
  const set = (id) => (event) => change({ [`prs.${id}`]: event.target.value || null });
  return html`<div class="list-bar">
    <${Search} label="Search pull requests" placeholder="Title or #number" value=${chosen.search} onChange=${(text) => change({ "prs.search": text || null })} />
    ${CHOICES.map(({ id, label, options }) => html`<span class="select" key=${id}><select aria-label=${label} value=${chosen[id]} data-active=${chosen[id] !== "" || undefined} onChange=${set(id)}>${options.map(([value, text]) => html`<option key=${value} value=${value}>${text}</option>`)}</select></span>`)}
    <${Popover} label="Labels" active=${chosen.label.length > 0} width="20rem" button=${html`<span class="cut outside">${chosen.label.length === 0 ? "Any label" : chosen.label.length === 1 ? chosen.label[0] : plural(chosen.label.length, "label")}</span><${Icon} name="down" size=${14} />`}>
      ${() => html`<${Labels} chosen=${chosen.label} />`}
    <//>
  </div>`;
}

/** Asked for when it is opened. */
function Labels({ chosen }) {
  const { data } = useQuery("labels", { page_size: 100 }, { still: true });
  const options = (data?.data ?? []).map((one) => ({ value: one.label, note: count(one.pull_requests) }));
  return html`<${Combobox} label="With all of these labels" placeholder="Search, or type a label" options=${options} chosen=${chosen} onChange=${(label) => change({ "prs.label": label })} free />`;
}

const columnsOf = ({ tz }) => [
  { id: "title", label: "Pull request", wide: true, sort: "title", render: (row) => html`<${Named} row=${row} />` },
  { id: "state", label: "State", sort: "state", render: (row) => html`<${State} row=${row} />` },
  { id: "opened_at", label: "Opened", sort: "opened_at", render: (row) => html`<${Time} at=${row.opened_at} zone=${tz} />` },
  { id: "age", label: "Age", number: true, sort: "age", title: "Since it was opened, of open ones", render: (row) => known(row.age) },
  { id: "time_to_first_review", label: "First review", number: true, sort: "time_to_first_review", title: "From ready for review to the first review by another person", render: (row) => known(row.time_to_first_review) },
  { id: "cycle_time", label: "Cycle time", number: true, sort: "cycle_time", title: "From opened to merged", render: (row) => known(row.cycle_time) },
  { id: "size", label: "Size", number: true, sort: "size", title: "Lines added and deleted", render: (row) => row.size !== null && html`<span title=${`${count(row.additions)} added, ${count(row.deletions)} deleted, in ${plural(row.changed_files ?? 0, "file")}`}>${count(row.size)} <span class="size faint">${row.size_bucket}</span></span>` },
  { id: "updated_at", label: "Updated", number: true, sort: "updated_at", render: (row) => html`<${Time} at=${row.updated_at} zone=${tz} as="ago" />` },
];

const known = (seconds) => (seconds === null ? null : duration(seconds));

const Named = ({ row }) => html`<a class="pr-title" href=${hrefOfStory(row)} onClick=${follow} title=${row.title}>${row.title || "without a title"}</a>
  <span class="pr-where faint"><span class="outside">${row.repository} #${row.number}</span> · <span class="outside">${row.author}</span></span>`;

function State({ row }) {
  const [said, kind] = stateOf(row);
  return html`<${Badge} kind=${kind}>${said}<//>${row.stale && html` <${Badge} kind="warn" title="Untouched for 14 days but by the author and bots">stale<//>`}`;
}
