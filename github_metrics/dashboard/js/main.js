import { render } from "preact";
import { expectCharts } from "./lib/echarts.js";
import { filtersOf } from "./lib/filters.js";
import { html } from "./lib/html.js";
import { followStream } from "./lib/live.js";
import { place } from "./lib/place.js";
import { expectOverview } from "./pages/overview-questions.js";

// What takes the service longest is under way while the page is drawn.
const filters = filtersOf(place.get());
if ((place.get().get("page") ?? "overview") === "overview" && filters.maintainers) expectOverview(filters);

import("./shell.js").then(({ Shell }) => {
  render(html`<${Shell} />`, document.getElementById("app"));
  followStream();
  expectCharts();
});
