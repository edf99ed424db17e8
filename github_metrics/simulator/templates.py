"""GitHub's example payloads as templates: every field is kept, marked text in any string varies."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

Json = dict[str, Any]

REPOSITORY = {"Codertocat/Hello-World": "%(repository)s", "octo-org/octo-repo": "%(repository)s"}
OWNER = {"Codertocat": "%(login)s", "Octocoders": "%(login)s"}
PULL_REQUEST = {
    "/pull/2": "/pull/%(number)s",
    "/pulls/2": "/pulls/%(number)s",
    "/issues/2": "/issues/%(number)s",
    "ec26c3e57ca3a959ca5aad62de7213c562f8c821": "%(sha)s",
}


@cache
def example(event_type: str) -> Json:
    """The base payload of an event; shared, so never changed."""
    payload: Json = orjson.loads((files(__package__) / "payloads" / f"{event_type}.json").read_bytes())
    return payload


class Template:
    """An example object, compiled once: `fill` costs a copy and one formatting for each string that varies."""

    __slots__ = ("_formats", "_parts", "_whole")

    def __init__(self, whole: Mapping[str, Any], *marks: Mapping[str, str]) -> None:
        """`marks`: text in the example → what replaces it, in the notation of `%` with names."""
        self._whole = dict(whole)
        self._parts = {key: Template(value, *marks) for key, value in whole.items() if isinstance(value, dict)}
        self._formats = {}
        for key, value in whole.items():
            if isinstance(value, str) and (marked := _marked(value, marks)) != value.replace("%", "%%"):
                self._formats[key] = marked

    def fill(self, values: Mapping[str, object]) -> Json:
        """A new object in the example's order of fields."""
        filled = self._whole.copy()
        for key, text in self._formats.items():
            filled[key] = text % values
        for key, part in self._parts.items():
            filled[key] = part.fill(values)
        return filled


def without(whole: Mapping[str, Any], *keys: str) -> Json:
    """`whole` with `keys` set to null: what the story fills in each time needs no template."""
    return {key: None if key in keys else value for key, value in whole.items()}


def _marked(text: str, marks: tuple[Mapping[str, str], ...]) -> str:
    text = text.replace("%", "%%")
    for group in marks:
        for mark, replacement in group.items():
            text = text.replace(mark, replacement)
    return text
