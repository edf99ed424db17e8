import { Store } from "./store.js";

const KEY = "github-metrics";
const DEFAULTS = { theme: "system", dates: "system" };

function stored() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}");
  } catch {
    return {};
  }
}

/** What this browser remembers: how things look, never what they say. */
export const settings = new Store({ ...DEFAULTS, ...stored() });

export function remember(changes) {
  settings.merge(changes);
  try {
    localStorage.setItem(KEY, JSON.stringify(settings.get()));
  } catch {
    // A browser without storage forgets it with the page.
  }
}

const system = matchMedia("(prefers-color-scheme: dark)");
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** `dark` as it is shown now, whoever decided it. */
export const appearance = new Store({ dark: false, calm: calm.matches });

function apply() {
  const { theme } = settings.get();
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  appearance.merge({ dark: theme === "dark" || (theme === "system" && system.matches), calm: calm.matches });
}

settings.subscribe(apply);
system.addEventListener("change", apply);
calm.addEventListener("change", apply);
addEventListener("storage", (event) => {
  if (event.key === KEY) settings.set({ ...DEFAULTS, ...stored() });
});
apply();
