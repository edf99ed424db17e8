import { html } from "../lib/html.js";

/** How much of a whole, 0 to 1, as a bar; the number itself stands beside it, or in `label`. */
export const Meter = ({ share, label, kind }) => html`<span class="meter" role="img" aria-label=${label} data-kind=${kind}><i style=${{ width: `${(100 * Math.min(1, Math.max(0, share || 0))).toFixed(2)}%` }}></i></span>`;
