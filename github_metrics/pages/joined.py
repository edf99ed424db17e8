"""The modules of the dashboard in one file, and its style sheets in another.

A browser fetches a hundred small files six at a time, which takes longer than everything else until the page is drawn.
Nothing is changed in a module but what it imports and exports: it becomes a function that gives what it exports, and
runs when it is first imported. What the dashboard's own modules do not do is refused: see the three patterns.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping

IMPORT = re.compile(r'^import (?:\{([^{}]+)\}|\* as (\w+)|(\w+)) from "([^"\n]+)";$', re.MULTILINE)
"""Names; all of them; the default."""
EXPORT = re.compile(r"^export (default )?((?:async )?function|class|const) (\w+)", re.MULTILINE)
LATER = re.compile(r'\bimport\("(\.[^"\n]+)"\)')
"""An import within a function, of one of our own modules. One by a bare name stays the browser's."""
LEFT = re.compile(r"^(?:import\b(?!\()|export\b).*", re.MULTILINE)

RUN = """\
const $ran = new Map();
function $import(path) {
  if (!$ran.has(path)) $ran.set(path, $modules[path]());
  return $ran.get(path);
}
const $later = async (path) => $import(path);
"""


def modules(sources: Mapping[str, str], entry: str) -> str:
    """One module that does what `entry` does. `sources`: path -> text. Raises ValueError for what cannot be joined."""
    outside: dict[str, str] = {}
    written = [
        f"{_quoted(path)}: () => {{\n{_function(path, text, sources, outside)}}},\n" for path, text in sources.items()
    ]
    _refuse_cycles(sources)
    imports = "".join(f"import * as {name} from {_quoted(bare)};\n" for bare, name in outside.items())
    return f"{imports}{RUN}const $modules = {{\n{''.join(written)}}};\n$import({_quoted(entry)});\n"


def styles(sources: Mapping[str, str], *, printed: str) -> str:
    """One style sheet, in the order of `sources`; that of the path `printed` holds on paper only."""
    return "".join(f"@media print {{\n{text}}}\n" if path == printed else text for path, text in sources.items())


def _function(path: str, text: str, sources: Mapping[str, str], outside: dict[str, str]) -> str:
    """The body: the module, and at its end what it exports."""

    def imported(found: re.Match[str]) -> str:
        names, everything, default, wanted = found.groups()
        taken = everything or (f"{{ default: {default} }}" if default else f"{{{names.replace(' as ', ': ')}}}")
        if not wanted.startswith("."):
            return f"const {taken} = {outside.setdefault(wanted, f'$outside{len(outside)}')};"
        return f"const {taken} = $import({_quoted(_target(path, wanted, sources))});"

    def later(found: re.Match[str]) -> str:
        return f"$later({_quoted(_target(path, found[1], sources))})"

    exported = [f"default: {name}" if default else name for default, _, name in EXPORT.findall(text)]
    body = LATER.sub(later, EXPORT.sub(r"\2 \3", IMPORT.sub(imported, text)))
    if found := LEFT.search(body):
        raise ValueError(f"{path} cannot be joined with other modules: {found[0]}")
    return f"{body}\nreturn {{ {', '.join(exported)} }};\n"


def _refuse_cycles(sources: Mapping[str, str]) -> None:
    """A module that is not yet through would have nothing to give."""
    done: set[str] = set()

    def visit(path: str, above: tuple[str, ...]) -> None:
        if path in above:
            raise ValueError(f"modules import each other: {' -> '.join((*above, path))}")
        if path not in done:
            for target in _imports(path, sources):
                visit(target, (*above, path))
            done.add(path)

    for path in sources:
        visit(path, ())


def _imports(path: str, sources: Mapping[str, str]) -> Iterator[str]:
    for *_, wanted in IMPORT.findall(sources[path]):
        if wanted.startswith("."):
            yield _target(path, wanted, sources)


def _target(path: str, wanted: str, sources: Mapping[str, str]) -> str:
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), wanted))
    if target not in sources:
        raise ValueError(f"{path} imports {wanted}, which is not there")
    return target


def _quoted(path: str) -> str:
    return f'"{path}"'
