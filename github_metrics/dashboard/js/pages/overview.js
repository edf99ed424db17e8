import { useBucket } from "../lib/buckets.js";
import { html } from "../lib/html.js";
import { useQuery } from "../lib/query.js";
import { EventsOverTime } from "../panels/events-over-time.js";
import { Headlines } from "../panels/headlines.js";
import { LiveFeed } from "../panels/live-feed.js";
import { Processing } from "../panels/processing.js";
import { ProjectionsHealth } from "../panels/projections-health.js";
import { TopRepositories } from "../panels/top-repositories.js";
import { Welcome } from "../panels/welcome.js";
import * as questions from "./overview-questions.js";

export const takes = questions.takes;

/** What has come in, and how it was processed. */
export default function Overview({ filters }) {
  const bucket = useBucket(filters);
  const summary = useQuery(...questions.summaryOf(filters));
  const trends = useQuery(...questions.trendsOf(filters, bucket));
  const took = useQuery(...questions.tookOf(filters, bucket));
  const none = summary.data?.summary.total_events === 0;
  const ever = useQuery(none ? "webhooks" : null, { page_size: 1 });
  const shared = { filters, summary, trends: bucket ? trends : { ...trends, loading: true }, bucket };
  return html`
    ${none && ever.data?.pagination.total === 0 && html`<${Welcome} />`}
    <${Headlines} ...${shared} />
    <div class="grid">
      <${EventsOverTime} ...${shared} span="span-8" />
      <${Processing} ...${shared} took=${took} span="span-4" />
      <${LiveFeed} ...${shared} span="span-8" />
      <${ProjectionsHealth} span="span-4" />
      <${TopRepositories} ...${shared} />
    </div>`;
}
