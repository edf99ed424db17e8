import { Badge } from "../components/badge.js";
import { Panel } from "../components/panel.js";
import { Empty } from "../components/states.js";
import { duration } from "../lib/format.js";
import { html } from "../lib/html.js";
import { follow } from "../lib/place.js";
import { hrefOfList, hrefOfStory, nameOf, TAKES_ALWAYS } from "../lib/pull-requests.js";
import { useQuery } from "../lib/query.js";

const SHOWN = 6;
const HEIGHT = 308;
const EVER = { range: "all", from: null, to: null };

/** What is open now, the oldest first, and what nobody has touched. */
export function OpenWork({ filters, span }) {
  const query = useQuery("pull-requests", { state: "open", sort: "-age", page_size: SHOWN }, { takes: TAKES_ALWAYS, filters });
  const tools = html`<a class="button button-quiet" href=${hrefOfList({ ...EVER, "prs.stale": "true", "prs.state": "open", "prs.sort": "age down" })} onClick=${follow}>Stale ones</a>
    <a class="button button-quiet" href=${hrefOfList({ ...EVER, "prs.stale": null, "prs.state": "open", "prs.sort": "age down" })} onClick=${follow}>All open</a>`;
  return html`<${Panel} title="Open work" note="now, the oldest first" span=${span} query=${query} rows=${SHOWN} height=${HEIGHT} tools=${tools}>
    ${({ data }) => (data.length ? html`<ol class="open-work">${data.map((row) => html`<${Row} key=${nameOf(row)} row=${row} />`)}</ol>` : html`<${Empty} icon="check" title="Nothing is open" height=${HEIGHT} />`)}
  <//>`;
}

const Row = ({ row }) => html`<li>
  <a class="cut outside" href=${hrefOfStory(row)} onClick=${follow} title=${row.title}>${row.title || `#${row.number}`}</a>
  <span class="open-where faint cut outside">${row.repository} #${row.number} · ${row.author}</span>
  <span class="open-state">${row.stale && html`<${Badge} kind="warn" title="Untouched for 14 days but by the author and bots">stale<//>`}${row.draft && html`<${Badge}>draft<//>`}</span>
  <span class="open-age numbers">${duration(row.age)}</span>
</li>`;
