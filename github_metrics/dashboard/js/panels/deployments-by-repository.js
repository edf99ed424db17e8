import { ListPanel } from "../components/table.js";
import { count, duration, percent, unknown } from "../lib/format.js";
import { html } from "../lib/html.js";
import { frequency } from "./dora-keys.js";

const TAKES = ["window", "tz", "repositories", "users", "actors"];
const rowsOf = (answer) => ({ rows: answer.data, pagination: answer.pagination });
const timed = ({ median }) => (median === null ? unknown : duration(median));
const rate = (value) => (value === null ? unknown : percent(value));

const COLUMNS = [
  { id: "repository", label: "Repository", wide: true, sort: "repository" },
  { id: "deployments", label: "Deployments", number: true, sort: "deployments", title: "that succeeded", render: (row) => count(row.deployments) },
  { id: "deployment_frequency", label: "Frequency", number: true, sort: "deployment_frequency", render: (row) => frequency(row.deployment_frequency) },
  { id: "change_lead_time", label: "Lead time", number: true, sort: "change_lead_time", title: "median", render: (row) => timed(row.change_lead_time) },
  { id: "change_fail_rate", label: "Fail rate", number: true, sort: "change_fail_rate", render: (row) => rate(row.change_fail_rate) },
  { id: "recovery", label: "Recovery", number: true, sort: "failed_deployment_recovery_time", title: "median", render: (row) => timed(row.failed_deployment_recovery_time) },
  { id: "deployment_rework_rate", label: "Rework", number: true, sort: "deployment_rework_rate", render: (row) => rate(row.deployment_rework_rate) },
];

/** The same five keys of each repository. */
export const DeploymentsByRepository = ({ filters, span }) =>
  html`<${ListPanel} title="Deployments by repository" note="medians of times" span=${span} path="deployments" parameters=${{ group: "repository" }} takes=${TAKES} filters=${filters} columns=${COLUMNS} rowsOf=${rowsOf} rowKey=${(row) => row.repository} name="deployments" at="deployments" />`;
