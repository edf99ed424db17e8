import { html } from "../lib/html.js";
import { follow, href, hrefOfPage, place } from "../lib/place.js";

/** A login that opens what this person did as `role`, one of the lists of contributors. */
export function Person({ login, role }) {
  const here = place.get().get("page") === "contributors";
  const opened = { person: login, role };
  return html`<a class="outside" href=${here ? href(opened) : hrefOfPage("contributors", opened)} onClick=${follow} title=${`Pull requests of ${login}`}>${login}</a>`;
}
