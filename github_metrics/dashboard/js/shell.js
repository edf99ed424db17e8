import { useEffect, useRef, useState } from "preact/hooks";
import { Dialog } from "./components/dialog.js";
import { EventDialog } from "./components/event-dialog.js";
import { Guard } from "./components/guard.js";
import { Icon } from "./components/icon.js";
import { SettingsDialog } from "./components/settings-dialog.js";
import { Failure, Loading } from "./components/states.js";
import { LiveStatus } from "./components/status.js";
import { tell, Toasts } from "./components/toasts.js";
import { FilterBar } from "./filters/bar.js";
import { useMaintainers } from "./filters/people.js";
import { describe } from "./filters/range.js";
import { session, signOut } from "./lib/api.js";
import { useEnding, useFilters } from "./lib/filters.js";
import { dateTime } from "./lib/format.js";
import { html } from "./lib/html.js";
import { change, follow, hrefOfPage, place } from "./lib/place.js";
import { pullRequestOf } from "./lib/pull-requests.js";
import { useQuery } from "./lib/query.js";
import { Welcome } from "./panels/welcome.js";
import { resolve } from "./lib/ranges.js";
import { useStore } from "./lib/store.js";
import { pageOf, PAGES } from "./pages.js";

export function Shell() {
  const search = useStore(place);
  const page = pageOf(search.get("page"));
  const filters = useFilters();
  useEnding(filters);
  const [opened, setOpened] = useState(null);
  const close = () => setOpened(null);
  const { module, error, retry } = useModule(page);
  const main = useRef(null);
  const waits = useMaintainers(filters);
  useTitle(page, main);
  return html`<a class="skip" href="#main" onClick=${(event) => { event.preventDefault(); main.current.focus(); }}>Skip to the content</a>
    <div class="shell">
      <aside class="sidebar"><${Navigation} current=${page} onSettings=${() => setOpened("settings")} /></aside>
      <div class="main">
        <header class="topbar">
          <button type="button" class="button button-icon button-quiet open-menu" aria-label="Menu" onClick=${() => setOpened("menu")}><${Icon} name="menu" size=${18} /></button>
          <h1>${page.title}</h1>
          <${LiveStatus} filters=${filters} takes=${module?.takes ?? []} />
        </header>
        ${module && html`<${FilterBar} filters=${filters} takes=${module.takes} />`}
        <main id="main" class="page" tabindex="-1" ref=${main} data-waiting=${(!module && !error) || undefined}>
          ${module?.takes.length > 0 && html`<p class="printed">${inForce(filters, module.takes)}</p>`}
          ${page.id !== "overview" && html`<${Begin} />`}
          ${module && html`<${Frozen} filters=${filters} takes=${module.takes} />`}
          ${error ? html`<${Failure} error=${error} retry=${retry} height=${320} />` : module && !waits ? html`<${Guard} key=${page.id} of=${search} height=${320}><${module.default} filters=${filters} /><//>` : html`<${Loading} height=${480} />`}
        </main>
      </div>
    </div>
    ${opened === "menu" && html`<${Dialog} title="GitHub Metrics" onClose=${close} side><div class="sidebar" onClick=${(event) => event.target.closest("a") && close()}><${Navigation} current=${page} onSettings=${() => setOpened("settings")} /></div><//>`}
    ${opened === "settings" && html`<${SettingsDialog} onClose=${close} />`}
    <${Guard} of=${search}><${Story} name=${search.get("pr")} zone=${filters.tz} /><//>
    ${search.get("event") && html`<${EventDialog} key=${search.get("event")} id=${search.get("event")} zone=${filters.tz} onClose=${() => change({ event: null })} />`}
    <${Toasts} />`;
}

/** The story of the pull request that the address names, over whatever page; its module comes when the first is opened. */
function Story({ name, zone }) {
  const pullRequest = pullRequestOf(name);
  const [module, setModule] = useState(null);
  useEffect(() => {
    if (pullRequest && !module) import("./panels/story-dialog.js").then(setModule, () => tell("The story could not be loaded.", "bad"));
  }, [name]);
  if (!pullRequest || !module) return null;
  return html`<${module.StoryDialog} key=${name} pullRequest=${pullRequest} zone=${zone} onClose=${() => change({ pr: null, story: null })} />`;
}

/** The module of a page, once it is here. */
function useModule(page) {
  const [state, setState] = useState({ id: null });
  const load = () => {
    let left = false;
    page.load().then(
      (module) => left || setState({ id: page.id, module }),
      () => left || setState({ id: page.id, error: { status: 0, message: "This page could not be loaded." } }),
    );
    return () => (left = true);
  };
  useEffect(page.module ? () => undefined : load, [page]);
  if (page.module) return { module: page.module };
  return state.id === page.id ? { ...state, retry: load } : {};
}

/** The title of the window; and on the way to another page, the focus at its beginning. */
function useTitle(page, main) {
  const before = useRef(page);
  useEffect(() => {
    document.title = `${page.title} · GitHub Metrics`;
    if (before.current === page) return;
    before.current = page;
    scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [page]);
}

/** The filters in words, for paper. */
function inForce(filters, takes) {
  const said = [
    ["window", `${describe(filters)}, ${filters.tz}`],
    ["repositories", filters.repositories.join(", ")],
    ["users", [...filters.users, ...filters.excluded.map((login) => `without ${login}`), filters.actors ? `actors: ${filters.actors}` : "", filters.maintainers ? "" : "without maintainers"].filter(Boolean).join(", ")],
  ];
  return said.filter(([name, text]) => takes.includes(name) && text).map(([, text]) => text).join(" · ");
}

/** Where nothing has come yet, no range and no filter would help. The overview sees that by itself. */
function Begin() {
  const { data } = useQuery("projections", {});
  const nothing = data?.projections.length > 0 && data.projections.every((one) => one.position === 0 && one.lag_events === 0);
  return nothing ? html`<${Welcome} />` : null;
}

/** What came after the range has ended is not in it, and the page says so. */
function Frozen({ filters, takes }) {
  const { end, live } = resolve(filters);
  if (live || !takes.includes("window")) return null;
  return html`<p class="notice" role="note"><${Icon} name="frozen" /><span>This range ended ${dateTime(end, filters.tz)}. It stays as it is: new events do not change it.</span>
    <button type="button" class="button button-small" onClick=${() => change({ range: null, from: null, to: null })}>Back to live</button></p>`;
}

function Navigation({ current, onSettings }) {
  const { data } = useQuery("projections", {});
  const { signedIn } = useStore(session);
  const trouble = (data?.projections ?? []).filter((one) => one.state === "halted" || one.parked > 0).length;
  return html`<a class="brand" href=${hrefOfPage("overview")} onClick=${follow}><${Mark} />GitHub Metrics</a>
    <nav aria-label="Pages"><ul class="menu">
      ${PAGES.map(({ id, title }) => html`<li key=${id}><a href=${hrefOfPage(id)} aria-current=${id === current.id ? "page" : undefined} onClick=${follow}><${Icon} name=${id} />${title}
        ${id === "operations" && trouble > 0 && html`<span class="badge count" data-kind="bad">${trouble}<span class="only-heard"> projections in trouble</span></span>`}</a></li>`)}
    </ul></nav>
    <div class="sidebar-foot"><ul class="menu">
      <li><a href="docs"><${Icon} name="docs" />API</a></li>
      <li><button type="button" onClick=${onSettings}><${Icon} name="settings" />Settings</button></li>
      ${signedIn && html`<li><button type="button" onClick=${() => signOut().catch(() => tell("The service does not answer: you are signed in still.", "bad"))}><${Icon} name="sign-out" />Sign out</button></li>`}
    </ul></div>`;
}

const Mark = () => html`<svg class="brand-mark" viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="8" fill="var(--accent)" /><g fill="none" stroke="var(--on-accent)" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round"><path d="M7 21.5l5.2-6 4.6 3.8L25 10" /><circle cx="25" cy="10" r="1.4" fill="var(--on-accent)" /></g></svg>`;
