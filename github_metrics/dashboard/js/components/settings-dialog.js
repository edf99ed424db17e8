import { day, DATE_FORMATS } from "../lib/format.js";
import { html } from "../lib/html.js";
import { now } from "../lib/clock.js";
import { remember, settings } from "../lib/settings.js";
import { useStore } from "../lib/store.js";
import { LOCAL } from "../lib/zones.js";
import { Dialog } from "./dialog.js";

const THEMES = [
  ["system", "System"],
  ["light", "Light"],
  ["dark", "Dark"],
];

export function SettingsDialog({ onClose }) {
  const { theme, dates } = useStore(settings);
  return html`<${Dialog} title="Settings" subtitle="Kept in this browser" onClose=${onClose}>
    <div class="stack">
      <fieldset class="field"><legend>Theme</legend><div class="segments">
        ${THEMES.map(([value, label]) => html`<label key=${value}><input type="radio" name="theme" checked=${theme === value} onChange=${() => remember({ theme: value })} /><span>${label}</span></label>`)}
      </div></fieldset>
      <fieldset class="field"><legend>Dates</legend><div class="options">
        ${DATE_FORMATS.map((value) => html`<label class="check" key=${value}><input type="radio" name="dates" checked=${dates === value} onChange=${() => remember({ dates: value })} /><span class="numbers">${day(now(), LOCAL, value)}</span><span class="faint">${value === "system" ? "as this browser" : value === "iso" ? "ISO 8601" : value === "dmy" ? "day first" : "month first"}</span></label>`)}
      </div></fieldset>
      <p class="faint small">The time zone is chosen with the time range, and stands in the address with the other filters.</p>
    </div>
  <//>`;
}
