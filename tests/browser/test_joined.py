"""Modules that are joined into one do what they do apart; what cannot be joined is refused."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from github_metrics.pages.joined import modules, styles

ENTRY = "js/main.js"
OUTSIDE = {"outside.js": "export const half = (value) => value / 2;\nexport default 'outside';\n"}
MODULES = {
    ENTRY: """\
import * as all from "./lib/values.js";
import whole from "outside";
import { half as less } from "outside";
import { first, Kind as Sort } from "./lib/values.js";
import { twice } from "./lib/deep/twice.js";

const load = () => import("./pages/page.js");
console.log(first, twice(2), less(3), whole, new Sort().name, all.first, all.default());
load().then(async (page) => {
  console.log(page.default(), page.takes.length, (await load()) === page);
  import("outside").then((module) => console.log(module.default, "end"));
});
""",
    "js/lib/values.js": """\
export const first = 1;
export class Kind {
  name = "kind";
}
/** One that says `import { x } from "y";` is no import. */
export default function given() {
  return "given";
}
console.log("runs once");
""",
    "js/lib/deep/twice.js": """\
import { first } from "../values.js";
export const twice = (value) => 2 * value * first; // at the end, without a new line""",
    "js/pages/page.js": """\
import { twice } from "../lib/deep/twice.js";
export const takes = ["window"];
export async function unused() {}
export default function Page() {
  return twice(21);
}
console.log("runs when it is wanted");
""",
}
SAID = ["runs once", "1 4 1.5 outside kind 1 given", "runs when it is wanted", "42 1 true", "outside end"]


def said(browser: Any, files: dict[str, str], entry: str) -> list[str]:
    """What a page with this module writes to its console."""
    page = browser.new_page()
    lines: list[str] = []
    html = f"""<script type="importmap">{{"imports": {{"outside": "./outside.js"}}}}</script>
        <script type="module" src="{entry}"></script>"""

    def answer(route: Any) -> None:
        path = urlsplit(route.request.url).path.removeprefix("/")
        kind = "text/javascript" if path in files else "text/html"
        route.fulfill(body=files.get(path, html), content_type=kind)

    page.route("**/*", answer)
    page.on("pageerror", lambda error: lines.append(str(error)))
    with page.expect_console_message(lambda message: message.text.endswith("end")):
        page.on("console", lambda message: lines.append(message.text))
        page.goto("http://modules.test/")
    page.close()
    return lines


def test_joined_modules_do_what_they_do_apart(browser: Any) -> None:
    assert said(browser, {**OUTSIDE, **MODULES}, ENTRY) == SAID
    assert said(browser, {**OUTSIDE, "joined.js": modules(MODULES, ENTRY)}, "joined.js") == SAID


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ('import "./lib/values.js";\n', r"js/main\.js cannot be joined with other modules: import"),
        ("export let moving = 1;\n", "cannot be joined"),
        ("const a = 1;\nexport { a };\n", "cannot be joined"),
        ('export * from "./lib/values.js";\n', "cannot be joined"),
        ("export default () => 1;\n", "cannot be joined"),
        ('import { x } from "./lib/nowhere.js";\n', r"imports \./lib/nowhere\.js, which is not there"),
        ('const load = () => import("./pages/nowhere.js");\n', "which is not there"),
    ],
)
def test_what_cannot_be_joined_is_refused(text: str, refused: str) -> None:
    with pytest.raises(ValueError, match=refused):
        modules({**MODULES, ENTRY: text}, ENTRY)


def test_modules_that_import_each_other_are_refused() -> None:
    turned = {"a.js": 'import { b } from "./b.js";\n', "b.js": 'import { a } from "./a.js";\n'}
    with pytest.raises(ValueError, match=r"a\.js -> b\.js -> a\.js"):
        modules(turned, "a.js")


def test_a_style_sheet_for_paper_holds_on_paper_only() -> None:
    assert styles({"a.css": "p { color: red }\n", "b.css": "q { color: red }\n"}, printed="b.css") == (
        "p { color: red }\n@media print {\nq { color: red }\n}\n"
    )
