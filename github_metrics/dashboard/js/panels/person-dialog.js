import { Badge } from "../components/badge.js";
import { Dialog } from "../components/dialog.js";
import { PullRequestLink } from "../components/pull-request-link.js";
import { ListPanel } from "../components/table.js";
import { Time } from "../components/time.js";
import { count } from "../lib/format.js";
import { html } from "../lib/html.js";
import { change } from "../lib/place.js";

const TAKES = ["window", "tz", "repositories"];
const ROLES = { pr_creators: ["Created", "opened, merged or closed"], pr_reviewers: ["Reviewed", "reviewed"], pr_approvers: ["Approved", "approved"], pr_lgtm: ["LGTM", "given an LGTM label"] };
const NOTHING = { person: null, role: null, "mine.page": null, "mine.size": null, "mine.sort": null };
const rowsOf = (answer) => ({ rows: answer.data, pagination: answer.pagination });

const State = ({ row }) => (row.merged ? html`<${Badge} kind="accent">merged<//>` : html`<${Badge} kind=${row.state === "open" ? "good" : "neutral"}>${row.state ?? "unknown"}<//>`);

/** The pull requests that a person opened, reviewed, approved or gave a label. Whoever it is, bots too. */
export function PersonDialog({ login, role: asked, filters }) {
  const role = Object.hasOwn(ROLES, asked) ? asked : "pr_creators";
  const [, done] = ROLES[role];
  const columns = [
    { id: "number", label: "Pull request", wide: true, sort: "title", render: (row) => html`<${PullRequestLink} ...${row} />` },
    { id: "owner", label: "Author", sort: "owner", render: (row) => html`<span class="outside">${row.owner}</span>` },
    { id: "state", label: "State", render: (row) => html`<${State} row=${row} />` },
    { id: "created_at", label: "Opened", sort: "created_at", render: (row) => html`<${Time} at=${row.created_at} zone=${filters.tz} />` },
    { id: "commits_count", label: "Commits", number: true, sort: "commits_count", render: (row) => (row.commits_count === null ? null : count(row.commits_count)) },
  ].filter((column) => role !== "pr_creators" || column.id !== "owner");
  return html`<${Dialog} title=${login} wide onClose=${() => change(NOTHING)}>
    <div class="stack">
      <fieldset class="segments segments-even"><legend class="only-heard">What they did</legend>${Object.entries(ROLES).map(([id, [label]]) => html`<label key=${id}><input type="radio" name="role" checked=${id === role} onChange=${() => change({ ...NOTHING, person: login, role: id }, { replace: true })} /><span>${label}</span></label>`)}</fieldset>
      <${ListPanel} key=${role} title="Pull requests" note=${`${done} in the range`} path="user-prs" parameters=${{ users: [login], role, actors: "all" }} takes=${TAKES} filters=${filters} columns=${columns} rowsOf=${rowsOf} rowKey=${(row) => `${row.repository}#${row.number}`} name="pull requests" at="mine" height=${432} />
    </div>
  <//>`;
}
