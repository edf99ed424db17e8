"""What the OpenAPI document tells: every parameter, field and error of every endpoint, with units."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from github_metrics.app import create_app
from github_metrics.field_texts import PATTERNS, TEXTS
from github_metrics.settings import load_settings

DOCUMENT = create_app(load_settings({}), "").api.openapi()
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
UNIT = re.compile(
    r"second|hour|millisecond|_ms\b|percent|_per_|\bper day\b|0 to 1|towards 1|in the unit of the field|done / target"
)
"""Of a number that is no count, in its name or in what is said of it."""


def fields() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Model, name and schema of every field of every answer."""
    for model, schema in SCHEMAS.items():
        for name, field in schema.get("properties", {}).items():
            yield model, name, field


def kinds(field: dict[str, Any]) -> set[str]:
    """What a field may be: JSON types, and models that it refers to."""
    options = [field, *field.get("anyOf", ()), *field.get("allOf", ())]
    return {str(one.get("type") or one.get("$ref", "").rpartition("/")[2]) for one in options}


def of_values(model: str) -> bool:
    """Whether a model is a set of values in numbers, whose unit is said by the field that it is in."""
    return {"median", "mean"} <= SCHEMAS.get(model, {}).get("properties", {}).keys()


def test_the_page_to_sign_in_is_html() -> None:
    assert DOCUMENT["paths"]["/login"]["get"]["responses"]["200"]["content"].keys() == {"text/html"}


def test_every_field_says_what_it_means() -> None:
    assert [f"{model}.{name}" for model, name, field in fields() if not field.get("description")] == []


def test_every_number_that_is_no_count_has_a_unit() -> None:
    """A duration, a rate or a share; the same for a set of such values."""
    without = [
        f"{model}.{name}: {field['description']}"
        for model, name, field in fields()
        if ("number" in kinds(field) or any(of_values(kind) for kind in kinds(field)))
        and (model, name) not in OF_ANY_KIND
        and not UNIT.search(f"{name} {field['description']} {SCHEMAS[model].get('description', '')}")
    ]
    assert without == []


OF_ANY_KIND = {
    ("Fact", "value"),  # its rule says
    ("ReviewerLoad", "rounds_per_pr"),
    ("ReviewersSummary", "review_rounds"),
}
"""What holds numbers of several units, or counts of something in each."""


def test_every_model_says_what_it_is() -> None:
    assert [name for name, schema in SCHEMAS.items() if not schema.get("description")] == []


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_every_parameter_and_error_is_described(operation: dict[str, Any]) -> None:
    assert operation.get("description")
    parameters = operation.get("parameters", ())
    assert [one["name"] for one in parameters if not one.get("description")] == []
    assert [status for status, answer in operation["responses"].items() if not answer.get("description")] == []


@pytest.mark.parametrize(
    "name", [name for name in OPERATIONS if "/api/metrics/" in name], ids=lambda name: str(name).rpartition("/")[2]
)
def test_every_endpoint_of_the_api_says_how_it_fails(name: str) -> None:
    """Without a key, with a parameter that cannot be, and without a database: each as a problem."""
    responses = OPERATIONS[name]["responses"]
    promised = {"400", "401", "422", "503"} | ({"404"} if "{" in name else set())
    assert promised <= responses.keys()
    for status in responses:
        if status >= "400":
            assert list(responses[status]["content"]) == ["application/problem+json"], status


def test_what_is_described_by_name_is_used() -> None:
    """No text is left of a field that is gone."""
    named = {name for _, name, _ in fields()} | {f"{own(model)}.{name}" for model, name, _ in fields()}
    assert TEXTS.keys() - named == set()
    assert [form for form, _ in PATTERNS if not any(re.fullmatch(form, name) for _, name, _ in fields())] == []


BESIDE_A_MEAN = ("median", "p75", "p90")
COUNTS = {
    "processing_time_ms": "total_events",
    "api_calls_per_event": "total_events",
    "hours": "review_time_hours_count",
}
"""What counts a set of values where it is not `…_count`: what docs/api.md says of it."""
NO_MEAN = {
    ("Summary", "avg_duration_trend"): "a change of a mean, in percent: a number of its own, not one of a set",
}
"""Fields called so that are no mean of a set of values."""


def own(model: str) -> str:
    """What a model is called in its module: OpenAPI has that before it, where two are called the same."""
    return model.rpartition("__")[2]


def lacking(model: str, name: str) -> set[str]:
    """What does not stand beside a field that is a mean; nothing where it is none."""
    present = SCHEMAS[model]["properties"].keys()
    if name == "mean":
        return {*BESIDE_A_MEAN, "count"} - present
    found = re.fullmatch(r"(?:avg|mean|average)_(.+)", name)
    if found is None or (own(model), name) in NO_MEAN:
        return set()
    of = found[1]
    return {*(f"{quantile}_{of}" for quantile in BESIDE_A_MEAN), COUNTS.get(of, f"{of}_count")} - present


def test_no_mean_stands_alone() -> None:
    """Median, p75, p90 and the number of values stand beside each, in the same object."""
    alone = {f"{model}.{name}": missing for model, name, _ in fields() if (missing := lacking(model, name))}
    assert alone == {}
    means = [name for _, name, _ in fields() if name == "mean" or name.startswith("avg_")]
    assert len(means) > len(NO_MEAN)
    assert {(own(model), name) for model, name, _ in fields()} >= NO_MEAN.keys()
