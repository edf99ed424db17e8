import { Panel } from "../components/panel.js";
import { Time } from "../components/time.js";
import { count } from "../lib/format.js";
import { html } from "../lib/html.js";

/** What is known of deliveries that did not come, came late, or came twice. GitHub does not number them. */
export const MissingDeliveries = ({ log, zone, span }) => html`<${Panel} title="Missing deliveries" span=${span} query=${log} height=${280}>
  ${(told) => html`<dl class="known">
      <dt>Missing now</dt>
      <dd><strong>Not known</strong><p>GitHub does not number deliveries, and nothing has compared the log with GitHub's list of them. A repository that has been silent for long is a hint; the webhook's page “Recent deliveries” on GitHub says what failed.</p></dd>
      <dt>Recovered</dt>
      <dd><strong class="numbers">${told.recovered ? count(told.recovered) : "None"}</strong><p>${told.recovered ? html`fetched from GitHub when they had not come, the last <${Time} at=${told.last_recovered_at} zone=${zone} as="ago" />` : "No event was fetched from GitHub afterwards."}</p></dd>
      <dt>Came twice</dt>
      <dd><strong class="numbers">${told.duplicates ? count(told.duplicates) : "None"}</strong><p>${told.duplicates ? "the same bytes again: kept and counted once" : "No delivery came a second time."}</p></dd>
    </dl>`}
<//>`;
