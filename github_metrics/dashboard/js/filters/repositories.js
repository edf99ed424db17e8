import { Combobox } from "../components/combobox.js";
import { Icon } from "../components/icon.js";
import { Popover } from "../components/popover.js";
import { short } from "../lib/format.js";
import { html } from "../lib/html.js";
import { change } from "../lib/place.js";
import { useQuery } from "../lib/query.js";

export function RepositoryFilter({ filters }) {
  const { repositories } = filters;
  const said = repositories.length === 0 ? "All repositories" : repositories.length === 1 ? repositories[0] : `${repositories.length} repositories`;
  const button = html`<${Icon} name="repository" /><span class="cut outside">${said}</span><${Icon} name="down" size=${14} />`;
  return html`<${Popover} label="Repositories" button=${button} active=${repositories.length > 0} width="22rem">${() => html`<${Choice} chosen=${repositories} />`}<//>`;
}

/** Asked for when it is opened, not with every page. */
function Choice({ chosen }) {
  const { data } = useQuery("repositories", { page_size: 100 }, { still: true });
  const options = (data?.repositories ?? []).map((one) => ({ value: one.repository, note: `${short(one.total_events)} events` }));
  return html`<${Combobox} label="Repositories" placeholder="Search, or type org/repo" options=${options} chosen=${chosen} onChange=${(repo) => change({ repo })} free />`;
}
