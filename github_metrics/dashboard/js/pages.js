/**
 * Every page: its name in the address, its title, and the module that draws it. A module's default export is a component
 * that is given {filters}; its `takes` names the filters that it understands (lib/filters.js: PARAMETERS).
 * The first page comes with the shell, the others when they are opened.
 */
import * as overview from "./pages/overview.js";

export const PAGES = [
  { id: "overview", title: "Overview", load: async () => overview, module: overview },
  { id: "pull-requests", title: "Pull requests", load: () => import("./pages/pull-requests.js") },
  { id: "reviews", title: "Reviews", load: () => import("./pages/reviews.js") },
  { id: "contributors", title: "Contributors", load: () => import("./pages/contributors.js") },
  { id: "ci", title: "CI", load: () => import("./pages/ci.js") },
  { id: "api-usage", title: "API usage", load: () => import("./pages/api-usage.js") },
  { id: "operations", title: "Operations", load: () => import("./pages/operations.js") },
];

export const pageOf = (id) => PAGES.find((page) => page.id === id) ?? PAGES[0];
