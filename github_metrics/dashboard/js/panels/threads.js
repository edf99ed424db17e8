import { Badge } from "../components/badge.js";
import { PullRequestLink } from "../components/pull-request-link.js";
import { ListPanel } from "../components/table.js";
import { Time } from "../components/time.js";
import { brief, count, fixed, unknown } from "../lib/format.js";
import { html } from "../lib/html.js";

export const TAKES = ["window", "tz", "repositories", "users", "actors"];
const ORDER = { by: "first_comment_at", descending: true };
const rowsOf = (answer) => ({ rows: answer.threads, pagination: answer.pagination });
const hours = (value) => (value === null ? unknown : brief(3600 * value));

const Figures = ({ summary }) => html`<dl class="figures padded">
  <div><dt>Resolved after</dt><dd class="numbers">${hours(summary.median_resolution_time_hours)}</dd></div>
  <div><dt>p90</dt><dd class="numbers">${hours(summary.p90_resolution_time_hours)}</dd></div>
  <div><dt>First reply after</dt><dd class="numbers">${hours(summary.median_time_to_first_response_hours)}</dd></div>
  <div><dt>p90</dt><dd class="numbers">${hours(summary.p90_time_to_first_response_hours)}</dd></div>
  <div><dt>Comments each</dt><dd class="numbers">${summary.avg_comments_per_thread === null ? unknown : fixed(summary.avg_comments_per_thread)}</dd></div>
  <div><dt>Unresolved</dt><dd class="numbers">${count(summary.unresolved_threads)}</dd></div>
  <div><dt>Older, unresolved</dt><dd class="numbers" title="began before the range">${count(summary.unresolved_outside_range)}</dd></div>
</dl>`;

/** Threads of comments on code that began in the range: how soon they were answered and resolved. */
export function Threads({ filters, span }) {
  const columns = [
    { id: "pr_number", label: "Pull request", wide: true, sort: "repository", render: (row) => html`<${PullRequestLink} repository=${row.repository} number=${row.pr_number} title=${row.pr_title} />` },
    { id: "file_path", label: "File", wide: true, sort: "file_path", render: (row) => row.file_path && html`<span class="mono small outside">${row.file_path}</span>` },
    { id: "first_comment_at", label: "Began", sort: "first_comment_at", render: (row) => html`<${Time} at=${row.first_comment_at} zone=${filters.tz} /><br /><span class="faint small outside">${row.author}</span>` },
    { id: "resolved", label: "State", sort: "resolved", render: (row) => html`<${Badge} kind=${row.resolved ? "good" : "neutral"}>${row.resolved ? "resolved" : "unresolved"}<//>` },
    { id: "reply", label: "First reply", number: true, sort: "time_to_first_response_hours", render: (row) => hours(row.time_to_first_response_hours) },
    { id: "resolution", label: "Resolved after", number: true, sort: "resolution_time_hours", render: (row) => hours(row.resolution_time_hours) },
    { id: "comment_count", label: "Comments", number: true, sort: "comment_count", render: (row) => count(row.comment_count) },
  ];
  return html`<${ListPanel} title="Comment threads" note="on code, that began in the range" span=${span} path="comment-resolution-time" takes=${TAKES} filters=${filters} columns=${columns} rowsOf=${rowsOf} rowKey=${(row) => `${row.repository} ${row.first_comment_id}`} name="threads" order=${ORDER} at="threads" height=${690} above=${({ summary }) => html`<${Figures} summary=${summary} />`} />`;
}
