import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../components/icon.js";
import { isFiltered } from "../lib/filters.js";
import { html } from "../lib/html.js";
import { change } from "../lib/place.js";
import { PeopleFilter } from "./people.js";
import { RangePicker } from "./range.js";
import { RepositoryFilter } from "./repositories.js";

const NOTHING = { repo: null, user: null, not: null, actors: null, maintainers: null };

/** The filters that this page understands; others would be shown and not be true. */
export function FilterBar({ filters, takes, children }) {
  const element = useRef(null);
  const [stuck, setStuck] = useState(false);
  useEffect(() => {
    const look = () => setStuck(scrollY > 4 && getComputedStyle(element.current).position === "sticky" && element.current.getBoundingClientRect().top <= 0);
    addEventListener("scroll", look, { passive: true });
    return () => removeEventListener("scroll", look);
  }, []);
  if (!takes.length) return html`<div ref=${element}></div>`;
  return html`<div class="filterbar" ref=${element} role="search" aria-label="Filters" data-stuck=${stuck || undefined}>
    ${takes.includes("window") && html`<${RangePicker} filters=${filters} />`}
    ${takes.includes("repositories") && html`<${RepositoryFilter} filters=${filters} />`}
    ${takes.includes("users") && html`<${PeopleFilter} filters=${filters} />`}
    ${isFiltered(filters) && html`<button type="button" class="button button-quiet" onClick=${() => change(NOTHING)}><${Icon} name="close" size=${14} />Clear filters</button>`}
    ${children}
  </div>`;
}
