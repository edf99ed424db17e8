"""GET /api/metrics/labels, on one day of two repositories, counted by hand from docs/metrics.md, "Labels"."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg import sql

from projections.queries import label_queries
from projections.queries.label_intervals import intervals
from projections.queries.label_queries import Labels, labels
from projections.queries.listing import Part
from projections.queries.people import People
from replay.snapshot import reading_pool, snapshot
from tests.deliveries import told_backwards
from tests.events import at, moment, payload, pull_request, user
from tests.service import Service, running

LABELS = "/api/metrics/labels"
DAY = {"start_time": "2026-03-02T00:00:00Z", "end_time": "2026-03-03T00:00:00Z"}
TOOLS = {"id": 8, "full_name": "octo/tools"}
OCTOCAT, BOT = user("octocat", 5), user("ci[bot]", 10, "Bot")
Told = tuple[str, dict[str, Any]]


def told(action: str, number: int, clock: str, *on: str, label: str = "", author: Any = OCTOCAT, **more: Any) -> Told:
    """An action on a pull request, with the labels that it has then."""
    repository = {"repository": more.pop("repository")} if "repository" in more else {}
    pull = pull_request(number, updated=clock, user=author, labels=[{"name": name} for name in on], **more)
    about = {"label": {"name": label}} if label else {}
    return "pull_request", payload(action, pull_request=pull, **about, **repository)


def closed(number: int, clock: str, *on: str, **more: Any) -> Told:
    return told("closed", number, clock, *on, state="closed", closed_at=at(clock), **more)


TOLD: list[Told] = [
    # #1 holds from 10:00 to 10:30 and from 11:00 to 11:10: 40 minutes. That it is put on is told twice.
    told("labeled", 1, "10:00", "hold", label="hold"),
    told("labeled", 1, "10:00", "hold", label="hold", title="in other words"),
    told("unlabeled", 1, "10:30", label="hold"),
    told("labeled", 1, "11:00", "hold", label="hold"),
    told("unlabeled", 1, "11:10", label="hold"),
    # #2 holds from 10:00 to its close at 12:00: 2 hours. Afterwards it gets another label, and nothing is left of that.
    told("labeled", 2, "10:00", "hold", label="hold"),
    closed(2, "12:00", "hold"),
    told("labeled", 2, "13:00", "hold", "late", label="late", state="closed", closed_at=at("12:00")),
    # #3 has had the label since it was opened at 09:00, which was not told; it is taken off at 09:20.
    told("opened", 3, "09:00", "hold"),
    told("unlabeled", 3, "09:20", label="hold"),
    # #4: that it is taken off was missed, but by 11:00 it is gone: 1 hour. It is put on again, missed too, and is on.
    told("labeled", 4, "10:00", "hold", label="hold"),
    told("edited", 4, "11:00"),
    told("edited", 4, "11:30", "later"),
    # #5 of a bot, in another repository, is labelled in the second in which it is opened, and stays so.
    told("opened", 5, "09:00", "hold", author=BOT, repository=TOOLS),
    told("labeled", 5, "09:00", "hold", label="hold", author=BOT, repository=TOOLS),
    # #6: taken off, seen again at 10:40, gone again by 11:00, both missed: 30 and 20 minutes.
    told("labeled", 6, "10:00", "wait", label="wait"),
    told("unlabeled", 6, "10:30", label="wait"),
    told("edited", 6, "10:40", "wait"),
    told("unlabeled", 6, "10:30", label="never seen"),
    closed(6, "11:00"),
]
NOTHING = {"count": 0, "median": None, "p75": None, "p90": None, "mean": None}


@pytest.fixture(scope="module")
def database(server: str, template: str) -> Iterator[tuple[str, int]]:
    with told_backwards(server, template, TOLD) as told:
        yield told


@pytest.fixture(scope="module")
def api(database: tuple[str, int]) -> Iterator[Service]:
    with running(database[0]) as service:
        service.get(LABELS, min_position=database[1])
        yield service


def asked(database: str, people: People, as_of: datetime) -> dict[str, Any]:
    """The list by label, as of a moment."""

    async def ask() -> Any:
        async with reading_pool(database, 1) as pool, snapshot(pool, label_queries.READS) as taken:
            return await labels(Labels(people, as_of)).page(taken, Part(100, 0))

    return {row["label"]: row for row in asyncio.run(ask()).rows}


def test_the_intervals(api: Service, database: tuple[str, int]) -> None:
    async def ask() -> Any:
        async with reading_pool(database[0], 1) as pool, snapshot(pool, label_queries.READS) as taken:
            query = sql.SQL("""
                WITH {} SELECT * FROM (SELECT * FROM intervals_once UNION ALL SELECT * FROM intervals_again) AS found
                ORDER BY repository_id, number, label, added_at
            """)
            return await taken.rows(query.format(intervals("true")))

    def clock(value: datetime | None) -> str | None:
        return value and value.astimezone(UTC).strftime("%H:%M")

    found = [
        (row["number"], row["label"], clock(row["added_at"]), clock(row["removed_at"]), row["inferred"])
        for row in asyncio.run(ask())
    ]
    assert found == [
        (1, "hold", "10:00", "10:30", False),
        (1, "hold", "11:00", "11:10", False),
        (2, "hold", "10:00", None, False),
        (2, "late", "13:00", None, False),
        (3, "hold", "09:00", "09:20", True),
        (4, "hold", "10:00", "11:30", True),
        (4, "later", "11:30", None, True),
        (6, "wait", "10:00", "10:30", False),
        (6, "wait", "10:40", "11:00", True),
        (5, "hold", "09:00", None, False),
    ]


def test_time_in_label_as_of_a_moment(api: Service, database: tuple[str, int]) -> None:
    """Of #1 40 minutes, of #2 two hours, of #3 20 minutes, of #4 90 (by the latest list, in which it is missing), and of
    #5 9 hours so far.
    """
    found = asked(database[0], People(actors="all"), moment("18:00"))
    assert sorted(found) == ["hold", "late", "later", "wait"]
    hold = found["hold"]
    assert (hold["pull_requests"], hold["intervals"], hold["inferred"]) == (5, 6, 2)
    assert (hold["open_count"], hold["current"]) == (1, 1)
    assert hold["time_in_label"] == {
        "count": 5,
        "mean": (2400 + 7200 + 1200 + 5400 + 32400) / 5,
        "quantiles": [5400.0, 7200.0, 7200 + 0.6 * 25200],
    }
    assert found["late"]["time_in_label"]["quantiles"] == [0.0, 0.0, 0.0]
    assert found["later"]["time_in_label"]["quantiles"] == [6.5 * 3600] * 3
    assert found["wait"]["time_in_label"]["quantiles"] == [3000.0] * 3
    assert (found["wait"]["pull_requests"], found["wait"]["intervals"], found["wait"]["inferred"]) == (1, 2, 1)


def test_labels_of_people_are_in_no_bots_pull_requests(api: Service) -> None:
    found = api.get(LABELS, **DAY)
    assert [(one["label"], one["pull_requests"], one["current"]) for one in found["data"]] == [
        ("hold", 4, 0),
        ("later", 1, 1),
        ("late", 1, 0),
        ("wait", 1, 0),
    ]
    # 1200, 2400, 5400 and 7200.
    assert found["data"][0] == {
        "label": "hold",
        "pull_requests": 4,
        "intervals": 5,
        "inferred": 2,
        "time_in_label": {
            "count": 4,
            "median": 3900.0,
            "p75": 5850.0,
            "p90": 6660.0,
            "mean": 4050.0,
            "open_count": 0,
        },
        "current": 0,
    }


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"actors": "bot"}, {"hold": 1}),
        ({"users": "CI[bot]", "actors": "all"}, {"hold": 1}),
        ({"exclude_users": "octocat", "actors": "all"}, {"hold": 1}),
        ({"repositories": "octo/tools", "actors": "all"}, {"hold": 1}),
        ({"repositories": "octo/tools"}, {}),
        ({"label": ["wait", "late"]}, {"late": 1, "wait": 1}),
        ({"label": "nothing\x00"}, {}),
        ({"start_time": at("10:00"), "end_time": at("11:00")}, {"hold": 3, "wait": 1, "later": 0}),
        ({"end_time": at("10:00")}, {"hold": 1, "later": 0}),
        ({"start_time": at("11:00")}, {"later": 1, "late": 1}),
    ],
)
def test_of_some_people_repositories_labels_and_times(
    api: Service, parameters: dict[str, Any], expected: dict[str, int]
) -> None:
    """A label counts when it was first put on. One that is on now is listed, whatever the window."""
    assert {one["label"]: one["pull_requests"] for one in api.get(LABELS, **parameters)["data"]} == expected


def test_what_is_only_there_now_has_no_times(api: Service) -> None:
    (found,) = api.get(LABELS, end_time=at("09:30"), label="later")["data"]
    assert found == {
        "label": "later",
        "pull_requests": 0,
        "intervals": 0,
        "inferred": 0,
        "time_in_label": NOTHING | {"open_count": 0},
        "current": 1,
    }


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("-pull_requests", ["hold", "later", "late", "wait"]),
        ("-time_in_label", ["later", "hold", "wait", "late"]),
        ("-current", ["later", "hold", "late", "wait"]),
        ("label", ["hold", "late", "later", "wait"]),
    ],
)
def test_the_greatest_first(api: Service, sort: str, expected: list[str]) -> None:
    assert [one["label"] for one in api.get(LABELS, sort=sort)["data"]] == expected
    pages = [api.get(LABELS, sort=sort, page=number, page_size=3)["data"] for number in (1, 2)]
    assert [one["label"] for page in pages for one in page] == expected
    answer = api.client.get(LABELS, params={"sort": sort, "format": "csv"})
    assert [line.split(",")[0] for line in answer.text.splitlines()] == ["label", *expected]
