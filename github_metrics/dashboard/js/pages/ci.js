import { html } from "../lib/html.js";
import { useQuery } from "../lib/query.js";
import { Checks } from "../panels/checks.js";
import { DeploymentsByRepository } from "../panels/deployments-by-repository.js";
import { DoraKeys } from "../panels/dora-keys.js";
import { Jobs } from "../panels/jobs.js";
import { QueueTimes } from "../panels/queue-times.js";
import { SlowestJobs } from "../panels/slowest-jobs.js";

export const takes = ["window", "tz", "repositories", "users", "actors"];

/** Checks, jobs and deployments. Who is filtered is the author of the pull request, or who deployed. */
export default function Ci({ filters }) {
  const labels = useQuery("jobs", { group: "label", sort: "-queue_time", page_size: 100 }, { takes, filters });
  return html`
    <${DoraKeys} filters=${filters} />
    <div class="grid">
      <${Checks} filters=${filters} />
      <${QueueTimes} query=${labels} span="span-5" />
      <${SlowestJobs} filters=${filters} query=${labels} span="span-7" />
      <${Jobs} filters=${filters} />
      <${DeploymentsByRepository} filters=${filters} />
    </div>`;
}
