import { html } from "../lib/html.js";
import { useProjections } from "../lib/projections.js";
import { useQuery } from "../lib/query.js";
import { LastDeliveries } from "../panels/last-deliveries.js";
import { LogTiles } from "../panels/log-tiles.js";
import { MissingDeliveries } from "../panels/missing-deliveries.js";
import { ParkedEvents } from "../panels/parked-events.js";
import { ProjectionsTable } from "../panels/projections-table.js";
import { ReceivedLately } from "../panels/received-lately.js";
import { Replays } from "../panels/replays.js";

/** It shows the service as it is now. */
export const takes = [];

/** Whether everything that comes in is kept and applied. */
export default function Operations({ filters }) {
  const projections = useProjections();
  const log = useQuery("log", { page_size: 10 }, { every: 10_000 });
  return html`
    <${LogTiles} log=${log} zone=${filters.tz} />
    <div class="grid">
      <${ReceivedLately} filters=${filters} span="span-8" />
      <${Replays} query=${projections} zone=${filters.tz} span="span-4" />
      <${LastDeliveries} filters=${filters} span="span-8" />
      <${MissingDeliveries} log=${log} zone=${filters.tz} span="span-4" />
      <${ParkedEvents} filters=${filters} />
      <${ProjectionsTable} query=${projections} />
    </div>`;
}
