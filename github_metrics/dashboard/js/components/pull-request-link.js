import { html } from "../lib/html.js";

/** A pull request by name, which leads to it at GitHub. */
export function PullRequestLink({ repository, number, title, url }) {
  const address = url ?? `https://github.com/${repository}/pull/${number}`;
  return html`<a href=${address} rel="noreferrer">${title ?? `${repository}#${number}`}</a>${title && html`<br /><span class="faint small">${repository}#${number}</span>`}`;
}
