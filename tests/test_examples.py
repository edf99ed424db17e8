"""The examples of the OpenAPI document are true: answers to the golden history, and parameters that are taken."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest

from github_metrics.api.examples import FILE, PARAMETERS, SORTS
from github_metrics.app import create_app
from github_metrics.settings import load_settings
from tests.recorded import CASES, OF_NOW, golden, recorded
from tests.service import Service, clone

DOCUMENT = create_app(load_settings({}), "").api.openapi()
OPERATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    of["operationId"]: (path, of) for path, methods in DOCUMENT["paths"].items() for of in methods.values()
}
RECORDED: dict[str, dict[str, Any]] = orjson.loads(FILE.read_bytes())


def valid(schema: dict[str, Any], example: Any) -> None:
    """By the schema within the document, formats too."""
    whole = {**schema, "components": DOCUMENT["components"]}
    jsonschema_rs.Draft202012Validator(whole, validate_formats=True).validate(example)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_has_an_example_that_its_schema_allows(name: str) -> None:
    _, operation = OPERATIONS[name]
    for media_type, content in operation["responses"].get("200", {}).get("content", {}).items():
        assert "example" in content, media_type
        valid(content["schema"], content["example"])


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_parameter_has_an_example_that_its_schema_allows(name: str) -> None:
    _, operation = OPERATIONS[name]
    for parameter in operation.get("parameters", ()):
        examples = parameter["schema"]["examples"]
        assert examples
        for example in examples:
            valid({key: of for key, of in parameter["schema"].items() if key != "examples"}, example)
    for content in operation.get("requestBody", {}).get("content", {}).values():
        if "example" in content:
            valid(content["schema"], content["example"])


def test_what_is_recorded_is_used() -> None:
    """No example is left of an operation or a parameter that is gone."""
    names = {one["name"] for _, of in OPERATIONS.values() for one in of.get("parameters", ())}
    assert RECORDED.keys() | SORTS.keys() <= OPERATIONS.keys()
    assert PARAMETERS.keys() <= names


@pytest.fixture(scope="module")
def api(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    directory: Path = tmp_path_factory.mktemp("examples")
    with clone(server, template) as database, golden(database, directory) as service:
        yield service


@pytest.mark.parametrize("name", CASES)
def test_the_service_answers_as_the_example_has_it(api: Service, name: str) -> None:
    """Else record them anew: uv run python -m tests.recorded."""
    assert recorded(api, {name: CASES[name]}) == {name: RECORDED[name]}


def shape(value: Any) -> Any:
    """Which fields there are, of which kinds."""
    if isinstance(value, dict):
        return {name: shape(of) for name, of in value.items()}
    if isinstance(value, list):
        return [shape(one) for one in value]
    return type(value).__name__


@pytest.mark.parametrize("name", OF_NOW)
def test_what_tells_of_this_moment_has_the_form_of_the_example(api: Service, name: str) -> None:
    found = recorded(api, {name: OF_NOW[name]})[name]
    assert shape(found) == shape(RECORDED[name])


@pytest.mark.parametrize("name", [name for name, (path, of) in OPERATIONS.items() if name in CASES | OF_NOW])
def test_every_example_of_a_parameter_is_taken(api: Service, name: str) -> None:
    """But a position that is not reached is waited for. Not by the hour: of all time there would be too many."""
    path, operation = OPERATIONS[name]
    parameters = {one["name"]: one["schema"]["examples"][0] for one in operation.get("parameters", ())}
    filled = path.format(**parameters)
    beside = {"bucket": "month"} if "bucket" in parameters else {}
    if name == "get_api_usage":  # the windows of a rate limit have no buckets
        beside["group"] = "repository"
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "query" and parameter["name"] != "min_position":
            for example in parameter["schema"]["examples"]:
                asked = {parameter["name"]: example}
                answer = api.client.get(filled, params=asked if "group" in asked else {**beside, **asked})
                assert answer.status_code == 200, (parameter["name"], answer.text)
