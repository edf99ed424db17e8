import { Tile, Tiles } from "../components/tile.js";
import { Failure } from "../components/states.js";
import { count } from "../lib/format.js";
import { html } from "../lib/html.js";

const TILES = [
  ["pr_creators", "Creators", "opened or closed"],
  ["pr_reviewers", "Reviewers", "reviewed others"],
  ["pr_approvers", "Approvers", "approved others"],
  ["pr_lgtm", "LGTM", "by label"],
];

/** How many people did what. */
export function ContributorTiles({ query }) {
  if (query.error && !query.data) return html`<${Failure} error=${query.error} retry=${query.refresh} height=${106} />`;
  return html`<div style=${{ "--tiles-all": 4, "--tiles-some": 4 }}><${Tiles} label="People">
    ${TILES.map(([role, label, detail]) => html`<${Tile} key=${role} label=${label} loading=${!query.data} value=${count(query.data?.[role].pagination.total)} detail=${detail} />`)}
  <//></div>`;
}
