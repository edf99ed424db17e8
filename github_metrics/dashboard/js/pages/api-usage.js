import { useBucket } from "../lib/buckets.js";
import { html } from "../lib/html.js";
import { useQuery } from "../lib/query.js";
import { ApiCalls } from "../panels/api-calls.js";
import { ApiLimits } from "../panels/api-limits.js";
import { ApiSpend } from "../panels/api-spend.js";
import { ApiTiles } from "../panels/api-tiles.js";
import { ApiWindows } from "../panels/api-windows.js";

export const takes = ["window", "tz", "repositories"];
const TAKES = ["window", "repositories"];

/** What the consumers of these webhooks spend of GitHub's rate limits, as they report it. */
export default function ApiUsage({ filters }) {
  const bucket = useBucket(filters);
  const resources = useQuery("api-usage", { group: "resource", page_size: 100 }, { takes: TAKES, filters });
  return html`
    <${ApiTiles} query=${resources} />
    <div class="grid">
      <${ApiCalls} filters=${filters} bucket=${bucket} span="span-8" />
      <${ApiLimits} filters=${filters} span="span-4" />
      <${ApiSpend} filters=${filters} resources=${resources} group="repository" title="Spend by repository" label="Repository" span="span-6" />
      <${ApiSpend} filters=${filters} resources=${resources} group="event_type" title="Spend by event type" label="Event" span="span-6" />
      <${ApiWindows} filters=${filters} />
    </div>`;
}
