import { render } from "preact";
import { expectCharts } from "./lib/echarts.js";
import { html } from "./lib/html.js";
import { followStream } from "./lib/live.js";
import { Shell } from "./shell.js";

render(html`<${Shell} />`, document.getElementById("app"));
followStream();
expectCharts();
