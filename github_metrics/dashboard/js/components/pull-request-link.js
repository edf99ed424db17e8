import { html } from "../lib/html.js";
import { follow, href } from "../lib/place.js";
import { nameOf } from "../lib/pull-requests.js";

/** A pull request by name, which opens its story in place of the dialog that it may stand in; back leads there again. */
export function PullRequestLink({ repository, number, title }) {
  const name = `${repository ?? "unknown"}#${number}`;
  const story = repository && href({ pr: nameOf({ repository, number }), story: null, event: null, person: null, role: null });
  return html`${story ? html`<a class="outside" href=${story} onClick=${follow}>${title || name}</a>` : html`<span class="outside">${title || name}</span>`}${title && html`<br /><span class="faint small outside">${name}</span>`}`;
}
