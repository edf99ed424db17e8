import { html } from "../lib/html.js";
import { follow } from "../lib/place.js";
import { hrefOfStory } from "../lib/pull-requests.js";

/** A pull request by name, which opens its story. */
export function PullRequestLink({ repository, number, title }) {
  const name = `${repository}#${number}`;
  return html`<a class="outside" href=${hrefOfStory({ repository, number })} onClick=${follow}>${title || name}</a>${title && html`<br /><span class="faint small outside">${name}</span>`}`;
}
