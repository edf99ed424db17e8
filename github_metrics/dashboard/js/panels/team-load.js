import { Panel } from "../components/panel.js";
import { Empty } from "../components/states.js";
import { Exports } from "../components/table.js";
import { WholeTable } from "../components/whole-table.js";
import { parametersOf } from "../lib/filters.js";
import { brief, count, unknown } from "../lib/format.js";
import { html } from "../lib/html.js";
import { useQuery } from "../lib/query.js";

const TAKES = ["window", "tz", "repositories", "actors"];
const rowsOf = (answer) => ({ rows: answer.data, pagination: answer.pagination });
const quiet = (field) => (row) => (row[field] ? count(row[field]) : html`<span class="faint">0</span>`);

/** What requests for review come to: of a person or a team, the same. */
export const LOAD = [
  { id: "open_requests", label: "Waiting", number: true, title: "open pull requests that ask for a review now", render: quiet("open_requests") },
  { id: "requests", label: "Asked", number: true, title: "requests made in the range", render: quiet("requests") },
  { id: "answered", label: "Answered", number: true, title: "of these, with a review since", render: quiet("answered") },
  { id: "median", label: "Response", number: true, title: "median, from a request to the review", value: (row) => row.response_time.median, render: (row) => (row.response_time.median === null ? unknown : brief(row.response_time.median)) },
  { id: "p90", label: "p90", of: "Response", number: true, value: (row) => row.response_time.p90, render: (row) => (row.response_time.p90 === null ? unknown : brief(row.response_time.p90)) },
  { id: "reviews", label: "Reviews", number: true, title: "submitted in the range, asked for or not", render: quiet("reviews") },
];

/** The load of teams, and how soon they answer. The endpoint does not take people: a team is not one of them. */
export function TeamLoad({ filters, span }) {
  const parameters = { kind: "team" };
  const query = useQuery("reviewers", parameters, { takes: TAKES, filters, all: true });
  const columns = [{ id: "reviewer", label: "Team", wide: true }, ...LOAD];
  const people = filters.users.length + filters.excluded.length > 0 || !filters.maintainers;
  return html`<${Panel} title="Load of teams" note=${people ? "whoever of them answers, not only the chosen people" : "whoever of them answers"} span=${span} query=${query} height=${240} rows=${5} flush
      tools=${html`<${Exports} path="reviewers" parameters=${{ ...parameters, ...parametersOf(TAKES, filters) }} rowsOf=${rowsOf} name="teams" />`}>
    ${({ data }) => (data.length ? html`<${WholeTable} caption="Load of teams" columns=${columns} rows=${data} rowKey=${(row) => row.reviewer} first="reviewer" name="teams" />` : html`<${Empty} title="No team was asked for a review" height=${240}>At GitHub a team can be a reviewer; a file of code owners asks it by itself.<//>`)}
  <//>`;
}
