import { html } from "../lib/html.js";
import { Icon } from "./icon.js";

/** While the first answer is awaited; it takes the room that the answer will need. */
export function Loading({ height = 160, rows = 0 }) {
  return html`<div class="loading" style=${{ minHeight: `${height}px` }} role="status" aria-label="Loading">
    ${rows ? Array.from({ length: rows }, (_, index) => html`<div class="bone" key=${index} style=${{ width: `${92 - ((index * 23) % 40)}%` }}></div>`) : html`<div class="bone bone-block"></div>`}
  </div>`;
}

/** Nothing to show, and what to do about it. */
export function Empty({ title = "Nothing here", icon = "empty", height = 0, children }) {
  return html`<div class="state" style=${{ minHeight: `${height}px` }}><${Icon} name=${icon} size=${24} /><p class="state-title">${title}</p>${children && html`<div class="state-text">${children}</div>`}</div>`;
}

const ADVICE = {
  0: "The service cannot be reached. What is shown is tried again by itself when it is back.",
  503: "The database is away, or a table is still being built. This is tried again by itself.",
};

/** What went wrong, in the service's words, and a way to try again. */
export function Failure({ error, retry, height = 0, title = "This could not be read" }) {
  return html`<div class="state state-bad" role="alert" style=${{ minHeight: `${height}px` }}>
    <${Icon} name="warning" size=${24} />
    <p class="state-title">${title}</p>
    <div class="state-text"><p class="outside">${error.message}</p>${ADVICE[error.status] && html`<p>${ADVICE[error.status]}</p>`}</div>
    <button type="button" class="button" onClick=${retry}><${Icon} name="refresh" />Try again</button>
  </div>`;
}
