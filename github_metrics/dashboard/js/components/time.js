import { useEffect, useReducer } from "preact/hooks";
import { now } from "../lib/clock.js";
import { ago, clockSeconds, dateTime, dateTimeShort, exactly } from "../lib/format.js";
import { html } from "../lib/html.js";
import { settings } from "../lib/settings.js";
import { useStore } from "../lib/store.js";

const WRITTEN = { ago: (at) => ago(at, now()), clock: clockSeconds, short: dateTimeShort, full: dateTime };

/** A moment, with the exact one in its title. `as`: "ago", "clock", "short" or "full". */
export function Time({ at, zone, as = "full" }) {
  useStore(settings, (chosen) => chosen.dates);
  const [, redraw] = useReducer((count) => count + 1, 0);
  useEffect(() => {
    if (as !== "ago") return undefined;
    const timer = setInterval(redraw, 30_000);
    return () => clearInterval(timer);
  }, [as]);
  if (!at) return html`<span class="faint">–</span>`;
  const shown = WRITTEN[as](at, zone);
  return html`<time datetime=${typeof at === "string" ? at : at.toISOString()} title=${exactly(at, zone)}>${shown}</time>`;
}
