import { hrefOfPage, href, place } from "./place.js";

/** What the endpoints about pull requests understand. */
export const TAKES = ["window", "repositories", "users", "actors"];
export const TAKES_ALWAYS = ["repositories", "users", "actors"];

/** A pull request in the address: org/repo/number. */
export const nameOf = ({ repository, number }) => `${repository}/${number}`;

/** {repository, number} of an address, or null where it names none. */
export function pullRequestOf(name) {
  const found = /^([^/]+\/[^/]+)\/(\d{1,18})$/.exec(name ?? "");
  return found && { repository: found[1], number: Number(found[2]) };
}

/** The address of its story, over the page that is shown. */
export const hrefOfStory = (row) => href({ pr: nameOf(row), story: null, event: null });

/** The address of its part of the API. */
export const pathOf = (endpoint, { repository, number }) => `${endpoint}/${repository.split("/").map(encodeURIComponent).join("/")}/${number}`;

/** The list of pull requests, narrowed down: parameters as panels/pull-requests-table.js names them. */
export const hrefOfList = (more) => (place.get().get("page") === "pull-requests" ? href(more) : hrefOfPage("pull-requests", more));

/** The state in a word and the kind of its badge. */
export function stateOf({ state, merged, draft }) {
  if (merged || state === "merged") return ["merged", "accent"];
  if (state === "open") return draft ? ["draft", "neutral"] : ["open", "good"];
  return [state ?? "not known", "neutral"];
}
