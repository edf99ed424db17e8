import { Panel } from "../components/panel.js";
import { Person } from "../components/person.js";
import { Empty } from "../components/states.js";
import { Exports } from "../components/table.js";
import { WholeTable } from "../components/whole-table.js";
import { parametersOf } from "../lib/filters.js";
import { count, fixed, unknown } from "../lib/format.js";
import { html } from "../lib/html.js";
import { LOAD } from "./team-load.js";

const TAKES = ["window", "tz", "repositories", "users", "actors"];
const rowsOf = (answer) => ({ rows: answer.data, pagination: answer.pagination });

const COLUMNS = [
  { id: "reviewer", label: "Person", wide: true, render: (row) => html`<${Person} login=${row.reviewer} role="pr_reviewers" />` },
  ...LOAD,
  { id: "prs_reviewed", label: "Pull requests", number: true, render: (row) => count(row.prs_reviewed) },
  { id: "rounds", label: "Rounds each", number: true, title: "mean number of rounds of a pull request", value: (row) => row.rounds_per_pr.mean, render: (row) => (row.rounds_per_pr.mean === null ? unknown : fixed(row.rounds_per_pr.mean)) },
];

/** What is asked of each person and how soon it is answered: by name, and no ranking until a reader asks for one. */
export const Reviewers = ({ filters, query, span }) => html`<${Panel} title="People" note="by name; press a heading for another order" span=${span} query=${query} height=${400} rows=${10} flush
    tools=${html`<${Exports} path="reviewers" parameters=${parametersOf(TAKES, filters)} rowsOf=${rowsOf} name="reviewers" />`}>
  ${({ data }) => (data.length ? html`<${WholeTable} caption="Reviewers" columns=${COLUMNS} rows=${data} rowKey=${(row) => row.reviewer} first="reviewer" name="reviewers" />` : html`<${Empty} title="Nobody was asked for a review, or gave one, in this range" height=${240} />`)}
<//>`;
