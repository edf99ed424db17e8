import { useId } from "preact/hooks";
import { html } from "../lib/html.js";
import { Guard } from "./guard.js";
import { Icon } from "./icon.js";
import { Failure, Loading } from "./states.js";

/**
 * A titled part of a page. `query` (one, or a list) decides what is inside: it waits, tells what failed, or draws
 * `children`, a function of the answers. `height` is kept free from the start, so that nothing moves when they come. `bar`
 * stands below the title whatever there is inside.
 */
export function Panel({ title, note, query = [], height = 0, rows = 0, tools, bar, span = "", flush = false, children }) {
  const id = useId();
  const queries = Array.isArray(query) ? query : [query];
  const waiting = queries.some((one) => one.loading && one.data === undefined);
  const failed = queries.find((one) => one.error && one.data === undefined);
  const behind = queries.find((one) => one.error && one.data !== undefined);
  const retry = () => queries.forEach((one) => one.refresh());
  return html`<section class=${`panel ${span} ${flush ? "panel-flush" : ""}`} aria-labelledby=${id} aria-busy=${waiting}>
    <header class="panel-head">
      <div class="panel-title"><h2 id=${id}>${title}</h2>${note && html`<p class="faint">${note}</p>`}</div>
      ${behind && html`<span class="badge" data-kind="warn" title=${behind.error.message}><${Icon} name="warning" size=${12} />not refreshed</span>`}
      ${tools && html`<div class="panel-tools">${tools}</div>`}
    </header>
    ${bar}
    <div class=${`panel-body ${queries.some((one) => one.stale) ? "is-stale" : ""}`}>
      ${failed ? html`<${Failure} error=${failed.error} retry=${retry} height=${height} />` : waiting ? html`<${Loading} height=${height} rows=${rows} />` : html`<${Guard} of=${queries.at(-1)?.at} height=${height}><${Inside} draw=${children} answers=${queries.map((one) => one.data)} /><//>`}
    </div>
  </section>`;
}

const Inside = ({ draw, answers }) => (typeof draw === "function" ? draw(...answers) : draw);
