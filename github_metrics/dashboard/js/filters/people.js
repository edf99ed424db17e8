import { Combobox } from "../components/combobox.js";
import { Icon } from "../components/icon.js";
import { Popover } from "../components/popover.js";
import { plural } from "../lib/format.js";
import { learnMaintainers } from "../lib/filters.js";
import { html } from "../lib/html.js";
import { change } from "../lib/place.js";
import { useQuery } from "../lib/query.js";

const ACTORS = [
  [null, "Default"],
  ["human", "People"],
  ["bot", "Bots"],
  ["all", "Both"],
];

export function PeopleFilter({ filters }) {
  const { users, excluded, actors, maintainers } = filters;
  const parts = [
    users.length === 1 ? users[0] : users.length ? plural(users.length, "person", "people") : null,
    excluded.length ? `without ${excluded.length === 1 ? excluded[0] : excluded.length}` : null,
    actors ? ACTORS.find(([value]) => value === actors)[1].toLowerCase() : null,
    maintainers ? null : "no maintainers",
  ].filter(Boolean);
  const button = html`<${Icon} name="person" /><span class="cut outside">${parts.join(", ") || "Everybody"}</span><${Icon} name="down" size=${14} />`;
  return html`<${Popover} label="People" button=${button} active=${parts.length > 0} width="22rem">${() => html`<${Choices} filters=${filters} />`}<//>`;
}

const logins = (part) => (part?.data ?? []).map((one) => one.user);

function Choices({ filters }) {
  const { data } = useQuery("contributors", { actors: "all", page_size: 100 }, { still: true });
  const { data: teams } = useQuery("maintainers", {}, { still: true });
  const none = teams?.all_maintainers.length === 0;
  const known = [...new Set([...logins(data?.pr_creators), ...logins(data?.pr_reviewers), ...logins(data?.pr_approvers)])].sort((a, b) => a.localeCompare(b));
  const options = known.map((value) => ({ value }));
  return html`<div class="stack">
    <${Combobox} label="Only these people" placeholder="Everybody" options=${options} chosen=${filters.users} onChange=${(user) => change({ user })} free />
    <${Combobox} label="Leave out" placeholder="Nobody" options=${options} chosen=${filters.excluded} onChange=${(not) => change({ not })} free />
    <fieldset class="field"><legend>Bots</legend><div class="segments">
      ${ACTORS.map(([value, label]) => html`<label key=${label}><input type="radio" name="actors" checked=${filters.actors === value} onChange=${() => change({ actors: value })} /><span>${label}</span></label>`)}
    </div><p class="faint small">By default events count whoever caused them, and pull requests and reviews count those of people.</p></fieldset>
    <label class="check"><input type="checkbox" disabled=${none && filters.maintainers} checked=${!filters.maintainers} onChange=${(event) => change({ maintainers: event.target.checked ? "no" : null })} />Leave out maintainers${none && html` <span class="faint small">the teams file names none</span>`}</label>
  </div>`;
}

/** Who the maintainers are, once they are to be left out. True while that is not known yet. */
export function useMaintainers(filters) {
  const { data, loading } = useQuery(filters.maintainers ? null : "maintainers", {}, { still: true });
  if (data) learnMaintainers(data.all_maintainers);
  return loading;
}
