import { html } from "../lib/html.js";
import { place } from "../lib/place.js";
import { useQuery } from "../lib/query.js";
import { useStore } from "../lib/store.js";
import { ContributorTiles } from "../panels/contributor-tiles.js";
import { People, TAKES } from "../panels/people.js";
import { PersonDialog } from "../panels/person-dialog.js";

export const takes = TAKES;

/** Who opens, reviews and approves pull requests. */
export default function Contributors({ filters }) {
  const search = useStore(place);
  const query = useQuery("contributors", { page: 1, page_size: 10 }, { takes, filters });
  const person = search.get("person");
  return html`
    <${ContributorTiles} query=${query} />
    <div class="grid">
      <${People} filters=${filters} role="pr_creators" span="span-6" />
      <${People} filters=${filters} role="pr_reviewers" span="span-6" />
      <${People} filters=${filters} role="pr_approvers" span="span-6" />
      <${People} filters=${filters} role="pr_lgtm" span="span-6" />
    </div>
    ${person && html`<${PersonDialog} key=${person} login=${person} role=${search.get("role")} filters=${filters} />`}`;
}
