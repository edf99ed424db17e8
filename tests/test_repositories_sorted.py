"""GET /api/metrics/repositories?sort=: over the whole result, before it is cut into pages."""

from collections.abc import Iterator
from typing import Any

import pytest

from projections.queries.summary_queries import SORTS
from tests.events import payload, pull_request
from tests.service import Service, clone, running
from tests.test_api import problem

PATH = "/api/metrics/repositories"
EVENTS = {"octo/b": 3, "octo/a": 1, "octo/c": 2}


@pytest.fixture(scope="module")
def service(server: str, template: str) -> Iterator[Service]:
    with clone(server, template) as database, running(database) as started:
        number = 0
        for repository_id, (name, events) in enumerate(EVENTS.items(), start=50):
            for _ in range(events):
                number += 1
                told = payload("opened", pull_request=pull_request(number))
                answer = started.post("pull_request", {**told, "repository": {"id": repository_id, "full_name": name}})
        started.get(PATH, min_position=answer.headers["X-Log-Position"])
        yield started


def names(service: Service, **parameters: Any) -> list[str]:
    return [one["repository"] for one in service.get(PATH, **parameters)["repositories"]]


def test_a_list_is_sorted_before_it_is_cut(service: Service) -> None:
    assert names(service) == ["octo/b", "octo/c", "octo/a"]
    assert names(service, sort="total_events") == ["octo/a", "octo/c", "octo/b"]
    assert names(service, sort="-repository") == ["octo/c", "octo/b", "octo/a"]
    pages = [names(service, sort="repository", page_size=1, page=page)[0] for page in (1, 2, 3)]
    assert pages == ["octo/a", "octo/b", "octo/c"]
    csv = service.client.get(PATH, params={"sort": "repository", "format": "csv"}).text.splitlines()
    assert [line.split(",")[0] for line in csv[1:]] == pages


@pytest.mark.parametrize("field", SORTS)
def test_among_equals_the_busiest_come_first(service: Service, field: str) -> None:
    for sort in (field, f"-{field}"):
        shown = [one[field] for one in service.get(PATH, sort=sort)["repositories"]]
        assert shown == sorted(shown, reverse=sort.startswith("-"))
        # Times are shown rounded: those that look equal need not be.
        if len(set(shown)) == 1 and field != "avg_processing_time_ms":
            assert names(service, sort=sort) == ["octo/b", "octo/c", "octo/a"]


def test_what_cannot_be_sorted_by_is_refused_with_what_can(service: Service) -> None:
    for sort in ("-", "position", "total_events; --", "repository_id"):
        told = problem(service.client.get(PATH, params={"sort": sort}), 400, "bad_parameter")
        assert "sort is none of" in told
        assert "total_events" in told
