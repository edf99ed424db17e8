import { Person } from "../components/person.js";
import { Empty } from "../components/states.js";
import { ListPanel } from "../components/table.js";
import { count, fixed, unknown } from "../lib/format.js";
import { html } from "../lib/html.js";

export const TAKES = ["window", "tz", "repositories", "users", "actors"];
const some = (value, digits) => (value === null ? unknown : fixed(value, digits));
const quiet = (value) => (value ? count(value) : html`<span class="faint">0</span>`);
const number = (id, label, more = {}) => ({ id, label, number: true, sort: id, render: (row) => quiet(row[id]), ...more });

/** The lists of contributors: what each tells of a person. */
const LISTS = {
  pr_creators: {
    title: "Creators",
    note: "who opened most first",
    none: "Nobody opened, merged or closed a pull request in this range",
    columns: [number("total_prs", "Opened"), number("merged_prs", "Merged"), number("closed_prs", "Closed", { title: "unmerged" }), number("median_commits_per_pr", "Commits", { title: "of a pull request, at the median", render: (row) => some(row.median_commits_per_pr) })],
  },
  pr_reviewers: {
    title: "Reviewers",
    note: "who reviewed most first",
    none: "Nobody reviewed another's pull request in this range",
    columns: [
      number("total_reviews", "Reviews"),
      number("prs_reviewed", "Pull requests"),
      number("median_reviews_per_pr", "Each", { title: "reviews of a pull request, at the median", render: (row) => some(row.median_reviews_per_pr) }),
      number("cross_team_reviews", "Across teams", { title: "of another team's pull requests; not known without a teams file", render: (row) => (row.cross_team_reviews === null ? unknown : quiet(row.cross_team_reviews)) }),
    ],
  },
  pr_approvers: {
    title: "Approvers",
    note: "by review or by label",
    none: "Nobody approved another's pull request in this range",
    columns: [number("prs_approved", "Pull requests")],
  },
  pr_lgtm: {
    title: "LGTM",
    note: "labels that say “looks good to me”",
    none: "Nobody gave an LGTM label in this range",
    help: html`A label <code>lgtm-</code> and a login says so; <code>METRICS_LGTM_LABEL_PREFIX</code> names another beginning.`,
    columns: [number("prs_lgtm", "Pull requests")],
  },
};

/** One of the lists; a name in it opens what this person did. */
export function People({ filters, role, span }) {
  const { title, note, none, help, columns } = LISTS[role];
  const person = { id: "user", label: "Person", wide: true, sort: "user", render: (row) => html`<${Person} login=${row.user} role=${role} />` };
  const empty = html`<${Empty} title=${none} height=${200}>${help ?? "Choose a longer range, or fewer filters."}<//>`;
  const rowsOf = (answer) => ({ rows: answer[role].data, pagination: answer[role].pagination });
  return html`<${ListPanel} title=${title} note=${note} span=${span} path="contributors" listed=${{ list: role }} takes=${TAKES} filters=${filters} columns=${[person, ...columns]} rowsOf=${rowsOf} rowKey=${(row) => row.user} name=${role === "pr_lgtm" ? "LGTM" : title.toLowerCase()} at=${role} height=${432} empty=${empty} />`;
}
