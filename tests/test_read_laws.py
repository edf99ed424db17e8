"""Laws of counting: what rollups answer is what the events say, for any window, zone and filter; and two windows that
meet add up to the one that they make. The events are counted here one by one.
"""

import csv
import hashlib
import io
import uuid
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import psycopg
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row

from github_metrics.buckets import Bucket, edges
from github_metrics.dictionaries import current_dictionary
from github_metrics.simulator import simulate
from projections.catalog import active_projections
from projections.decode import decode
from projections.queries import duration_queries
from replay.compression import Compressor
from replay.event import Delivery, Source
from replay.log import append
from replay.projector import Projector
from tests.logged import project
from tests.service import Service, clone, running

SUMMARY = "/api/metrics/summary"
REPOSITORIES = "/api/metrics/repositories"
TRENDS = "/api/metrics/trends"
WEBHOOKS = "/api/metrics/webhooks"
CONTRIBUTORS = "/api/metrics/contributors"
LIFECYCLE = "/api/metrics/lifecycle"
PULL_REQUESTS = "/api/metrics/pull-requests"

UNTIL = datetime(2026, 3, 12, tzinfo=UTC)
DAYS = 12
"""New York puts its clocks forward on 8 March."""
ZONES = ("UTC", "Asia/Kolkata", "Asia/Kathmandu", "America/St_Johns", "America/New_York", "Australia/Lord_Howe")
BROKEN = (b"no JSON", b'{"action": 5, "repository": {"id": 3, "full_name": "octo/odd"}, "sender": {"login": "Odd"}}')
BOUNDED = settings(max_examples=40, deadline=None, derandomize=True, database=None, phases=[Phase.generate])


def deliveries() -> Iterator[Delivery]:
    """A simulated fortnight with bodies that cannot be read, repeats, and reports on some of the events."""
    chance = Random(4)
    for number, told in enumerate(simulate(seed=9, until=UNTIL, days=DAYS, pull_requests=30), start=1):
        body = chance.choice(BROKEN) if number % 53 == 0 else told.body
        read = decode(told.event_type, body).payload
        received = told.occurred_at + timedelta(microseconds=chance.randrange(10**6))
        handed_over = received + timedelta(microseconds=int(chance.lognormvariate(8, 1.5)))
        sha256, repository = hashlib.sha256(body).digest(), getattr(read, "repository", None)
        identity = getattr(repository, "id", None) or 0
        event = Delivery(
            uuid.UUID(int=number), told.event_type, body, sha256, received, handed_over, 1, repository_id=identity
        )
        early = [report(number, 9, chance)] if number % 31 == 0 else []
        yield from early  # A consumer may be faster than GitHub's delivery to us.
        yield event
        if number % 41 == 0:
            again = body + b" "
            yield Delivery(
                event.delivery_id,
                told.event_type,
                again,
                hashlib.sha256(again).digest(),
                received,
                received,
                2,
                identity,
            )
        for reporter in range(number % 29 == 0, number % 3):
            yield report(number, reporter, chance)


def report(number: int, reporter: int, chance: Random) -> Delivery:
    told = {
        "reporter": f"reporter {reporter}",
        "delivery_id": str(uuid.UUID(int=number)),
        "calls": chance.randrange(9),
        "charged_calls": chance.randrange(5),
        "status": chance.choice(["success", "success", "partial", "error"]),
    }
    if chance.random() < 0.6:
        told["duration_ms"] = chance.randrange(3000)
    body, at = orjson.dumps(told), UNTIL + timedelta(days=1)
    identity = uuid.UUID(int=10**9 + 10 * number + reporter)
    return Delivery(identity, "usage_report", body, hashlib.sha256(body).digest(), at, at, source=Source.REPORT)


@dataclass(frozen=True)
class Told:
    """An event as its row and the reports on it tell it."""

    repository_id: int
    repository: str | None
    event_type: str
    sender: str | None
    at: datetime
    failed: bool
    milliseconds: float
    calls: int
    charged: int


EVENTS = """
SELECT e.*, r.status, r.calls, r.charged_calls, r.duration_ms, names.full_name
FROM webhook_events e LEFT JOIN usage_reports r USING (delivery_id) LEFT JOIN repositories names USING (repository_id)
WHERE e.position IS NOT NULL
"""


def told_events(connection: psycopg.Connection[Any]) -> list[Told]:
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(EVENTS).fetchall()
    by_position: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        by_position.setdefault(row["position"], []).append(row)
    return [told_event(reports) for reports in by_position.values()]


def told_event(reports: list[dict[str, Any]]) -> Told:
    event = reports[0]
    reported = [one["duration_ms"] for one in reports if one["duration_ms"] is not None]
    flawed = event["reading"] != "clean" or any(one["status"] in ("partial", "error") for one in reports)
    return Told(
        event["repository_id"],
        event["full_name"],
        event["event_type"],
        event["sender"],
        event["received_at"],
        flawed,
        max(reported) if reported else event["duration_us"] / 1000,
        sum(one["calls"] or 0 for one in reports),
        sum(one["charged_calls"] or 0 for one in reports),
    )


class Stage:
    """A service and its events. No dataclass: an example that fails is shown with it."""

    def __init__(self, api: Service, events: list[Told]) -> None:
        self.api = api
        self.events = events


@pytest.fixture(scope="module")
def stage(server: str, template: str) -> Iterator[Stage]:
    """Few durations are enough to be counted in buckets here."""
    with clone(server, template) as database, pytest.MonkeyPatch.context() as patched:
        patched.setattr(duration_queries, "FEW", 30)
        with psycopg.connect(database, autocommit=True) as connection:
            told, compressor = list(deliveries()), Compressor(current_dictionary())
            for start in range(0, len(told), 500):
                append(connection, told[start : start + 500], compressor)
            project(database, connection)
            connection.execute("ANALYZE")
            events = told_events(connection)
        with running(database, projector=False) as api:
            yield Stage(api, events)


# What is asked

Window = tuple[datetime | None, datetime | None]


def times() -> st.SearchStrategy[datetime]:
    """Within the history or a little outside, often where a day, an hour or a quarter of one begins."""
    seconds = st.integers(-2 * 86400, (DAYS + 1) * 86400)
    grains = st.sampled_from([1, 900, 1800, 3600, 86400, 86400])
    begin = UNTIL - timedelta(days=DAYS)
    return st.builds(lambda second, grain: begin + timedelta(seconds=second // grain * grain), seconds, grains)


def windows() -> st.SearchStrategy[Window]:
    closed = st.tuples(times(), times()).map(lambda both: (min(both), max(both)))
    return st.one_of(
        closed, closed, st.tuples(times(), st.none()), st.tuples(st.none(), times()), st.just((None, None))
    )


FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "event_type": st.sampled_from(["pull_request", "check_run", "push", "unheard_of"]),
        "repositories": st.lists(st.integers(0, 3), min_size=1, max_size=2, unique=True),
        "exclude_users": st.just(["Odd"]),
    },
)


def parameters(window: Window) -> dict[str, str]:
    named = zip(("start_time", "end_time"), window, strict=True)
    return {name: at.isoformat() for name, at in named if at is not None}


def asked(stage: Stage, filters: dict[str, Any]) -> dict[str, Any]:
    """The filters as parameters: repositories by their names."""
    names = sorted({event.repository for event in stage.events if event.repository is not None})
    chosen = {"repositories": [names[place] for place in filters["repositories"]]} if "repositories" in filters else {}
    return {**filters, **chosen}


def chosen(stage: Stage, window: Window, filters: dict[str, Any]) -> list[Told]:
    """The events that a question is about."""
    start, end = window
    wanted = asked(stage, filters)
    return [
        event
        for event in stage.events
        if (start is None or event.at >= start)
        and (end is None or event.at < end)
        and wanted.get("event_type") in (None, event.event_type)
        and ("repositories" not in wanted or event.repository in wanted["repositories"])
        and (event.sender or "ghost") not in wanted.get("exclude_users", [])
    ]


# Counted here


def counted(events: Sequence[Told]) -> dict[str, int]:
    failed = sum(event.failed for event in events)
    return {"total_events": len(events), "successful_events": len(events) - failed, "failed_events": failed}


def summed(events: Sequence[Told]) -> dict[str, Any]:
    return {
        **counted(events),
        "total_api_calls": sum(event.calls for event in events),
        "total_token_spend": sum(event.charged for event in events),
        "avg_processing_time_ms": pytest.approx(average(events), abs=0.51) if events else None,
    }


def average(events: Sequence[Told]) -> float:
    return sum(event.milliseconds for event in events) / len(events)


def quantile(events: Sequence[Told], share: float, rounding: float = 0.51) -> Any:
    """Within 2 %, and then rounded, to whole milliseconds unless told otherwise."""
    if not events:
        return None
    expected = between([event.milliseconds for event in events], share)
    return pytest.approx(expected, abs=0.02 * expected + rounding)


def between(values: Sequence[float], share: float) -> float:
    """The value below which a share of them lies."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below, above = ordered[int(place)], ordered[min(int(place) + 1, len(ordered) - 1)]
    return below + (above - below) * (place - int(place))


SHARES = {"median": 0.5, "p75": 0.75, "p90": 0.9}


def quantiles(events: Sequence[Told], rounding: float = 0.51) -> dict[str, Any]:
    return {f"{name}_processing_time_ms": quantile(events, share, rounding) for name, share in SHARES.items()}


def took(events: Sequence[Told]) -> dict[str, Any]:
    """To tenths of a millisecond; null of nothing."""
    mean = pytest.approx(average(events), abs=0.051) if events else None
    return {"avg_processing_time_ms": mean, **quantiles(events, 0.051)}


def calls(events: Sequence[Told]) -> dict[str, Any]:
    """Of an event without a report none."""
    made = [event.calls for event in events]
    told = {"avg": sum(made) / len(made), **{name: between(made, of) for name, of in SHARES.items()}} if made else {}
    return {
        f"{name}_api_calls_per_event": pytest.approx(told[name], abs=0.0051) if told else None
        for name in ("avg", *SHARES)
    }


def by_repository(events: Sequence[Told]) -> list[tuple[str, int]]:
    counts = Counter((event.repository_id, event.repository) for event in events if event.repository is not None)
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0][0]))
    return [(name, count) for (_, name), count in ordered if name is not None]


# The answers are what the events say


@BOUNDED
@given(window=windows(), filters=FILTERS)
def test_the_summary_is_what_the_events_say(stage: Stage, window: Window, filters: dict[str, Any]) -> None:
    answer = stage.api.get(SUMMARY, **parameters(window), **asked(stage, filters))
    events = chosen(stage, window, filters)
    expected = {
        **summed(events),
        **quantiles(events),
        "p95_processing_time_ms": quantile(events, 0.95),
        "max_processing_time_ms": quantile(events, 1.0),
        **calls(events),
        "unique_senders": len({event.sender for event in events if event.sender}),
        "unique_repositories": len({event.repository_id for event in events} - {0}),
    }
    assert {name: answer["summary"][name] for name in expected} == expected
    assert answer["event_type_distribution"] == Counter(event.event_type for event in events)
    top = [(one["repository"], one["total_events"]) for one in answer["top_repositories"]]
    assert top == by_repository(events)[:10]


@BOUNDED
@given(window=windows(), filters=FILTERS)
def test_repositories_are_what_the_events_say(stage: Stage, window: Window, filters: dict[str, Any]) -> None:
    narrowed = {name: value for name, value in filters.items() if name != "event_type"}
    answer = stage.api.get(REPOSITORIES, **parameters(window), **asked(stage, narrowed), page_size=100)
    events = chosen(stage, window, narrowed)
    listed = [(one["repository"], one["total_events"]) for one in answer["repositories"]]
    assert listed == by_repository(events)
    assert answer["pagination"]["total"] == len(listed)
    for one in answer["repositories"]:
        theirs = [event for event in events if event.repository_id == one["repository_id"]]
        expected = {**summed(theirs), **quantiles(theirs)}
        assert {name: one[name] for name in expected} == expected
    lines = table(stage, REPOSITORIES, **parameters(window), **asked(stage, narrowed))
    assert lines == [{name: str(value) for name, value in one.items()} for one in answer["repositories"]]


@BOUNDED
@given(
    window=windows(),
    filters=FILTERS,
    zone=st.sampled_from(ZONES),
    bucket=st.sampled_from(["hour", "day", "week", "month"]),
    by_type=st.booleans(),
    durations=st.booleans(),
)
def test_trends_are_what_the_events_say(
    stage: Stage,
    window: Window,
    filters: dict[str, Any],
    zone: str,
    bucket: Bucket,
    by_type: bool,
    durations: bool,
) -> None:
    asks = {**parameters(window), **asked(stage, filters), "tz": zone, "bucket": bucket, "durations": durations}
    answer = stage.api.get(TRENDS, **asks, **({"group_by": "event_type"} if by_type else {}))
    events = chosen(stage, window, filters)
    start, end = bounds(window, events)
    begins = edges(start, end, bucket, ZoneInfo(zone), at_most=10_000) if start is not None and end is not None else []
    parts: list[list[Told]] = [[] for _ in begins]
    for event in events:
        parts[bisect_right(begins, event.at) - 1].append(event)
    assert [datetime.fromisoformat(one["bucket"]) for one in answer["trends"]] == begins
    for one, part in zip(answer["trends"], parts, strict=True):
        assert {name: one[name] for name in counted(part)} == counted(part)
        assert {name: one[name] for name in took([]) if name in one} == (took(part) if durations else {})
        assert one["event_types"] == (Counter(event.event_type for event in part) if by_type else None)


@settings(BOUNDED, max_examples=20)
@given(window=windows(), filters=FILTERS, bucket=st.sampled_from(["hour", "day", "week"]))
def test_the_lines_of_types_are_what_the_events_say(
    stage: Stage, window: Window, filters: dict[str, Any], bucket: Bucket
) -> None:
    asks = {**parameters(window), **asked(stage, filters), "bucket": bucket, "durations": True}
    lines = table(stage, TRENDS, **asks, group_by="event_type")
    events = chosen(stage, window, filters)
    start, end = bounds(window, events)
    begins = edges(start, end, bucket, ZoneInfo("UTC"), at_most=10_000) if start is not None and end is not None else []
    parts: dict[tuple[str, str], list[Told]] = {}
    for event in events:
        begin = begins[bisect_right(begins, event.at) - 1]
        parts.setdefault((begin.isoformat(), event.event_type), []).append(event)
    assert {(one["bucket"].replace("Z", "+00:00"), one["event_type"]) for one in lines} == parts.keys()
    for one in lines:
        part = parts[one["bucket"].replace("Z", "+00:00"), one["event_type"]]
        assert int(one["total_events"]) == len(part)
        assert {name: float(one[name]) for name in took(part)} == took(part)


def table(stage: Stage, path: str, **asks: Any) -> list[dict[str, str]]:
    """The lines of a list as CSV."""
    return list(csv.DictReader(io.StringIO(stage.api.client.get(path, params={**asks, "format": "csv"}).text)))


def bounds(window: Window, events: Sequence[Told]) -> Window:
    """The window, an open side at the first or the last event."""
    seen = [event.at for event in events]
    start = window[0] or min(seen, default=None)
    end = window[1] or (max(seen) + timedelta(microseconds=1) if seen else None)
    return (None, None) if start is None or end is None or start >= end else (start, end)


@BOUNDED
@given(window=windows(), filters=FILTERS, status=st.sampled_from(["success", "partial", "error", None]))
def test_the_listing_lists_what_it_counts(
    stage: Stage, window: Window, filters: dict[str, Any], status: str | None
) -> None:
    given_status = {} if status is None else {"status": status}
    wanted = {**parameters(window), **asked(stage, filters), **given_status}
    answer = stage.api.get(WEBHOOKS, **wanted, page_size=1000)
    events = chosen(stage, window, filters)
    total = answer["pagination"]["total"]
    assert len(answer["data"]) == min(total, 1000)
    if status is None:
        assert total == len(events)
    if status == "success":
        assert total == counted(events)["successful_events"]
    assert {one["status"] for one in answer["data"]} <= ({status} if status else {"success", "partial", "error"})
    assert [one["position"] for one in answer["data"]] == sorted(
        (one["position"] for one in answer["data"]), reverse=True
    )


@settings(BOUNDED, max_examples=10)
@given(window=windows(), more=st.sampled_from([{}, {"actors": "all"}, {"actors": "bot"}]))
def test_the_distribution_is_what_the_pull_requests_say(stage: Stage, window: Window, more: dict[str, str]) -> None:
    answer = stage.api.get(LIFECYCLE, **parameters(window), **more, group="all")
    told = stage.api.get(PULL_REQUESTS, **parameters(window), **more, state="merged", page_size=100)
    assert told["pagination"]["total_pages"] <= 1
    for name in ("cycle_time", "draft_time", "pickup_time", "review_time", "merge_time"):
        took = [one[name] for one in told["data"] if name not in one["imputed"]]
        bars = answer["distribution"]
        begins = [bar["from_seconds"] for bar in bars]
        found = Counter(bisect_right(begins, seconds) - 1 for seconds in took)
        assert [bar[name] for bar in bars] == [found[place] for place in range(len(bars))]
        assert sum(bar[name] for bar in bars) == answer["total"][name]["count"]


# Windows that meet add up


def added(first: dict[str, int], second: dict[str, int]) -> dict[str, int]:
    return {name: first.get(name, 0) + second.get(name, 0) for name in first.keys() | second.keys()}


def numbers(answer: dict[str, Any]) -> dict[str, int]:
    counts = ("total_events", "successful_events", "failed_events", "total_api_calls", "total_token_spend")
    return {name: answer[name] for name in counts}


def of_summary(answer: dict[str, Any]) -> dict[str, int]:
    return numbers(answer["summary"]) | answer["event_type_distribution"]


def of_repositories(answer: dict[str, Any]) -> dict[str, int]:
    each = answer["repositories"]
    return {f"{one['repository']} {name}": count for one in each for name, count in numbers(one).items()}


def of_trends(answer: dict[str, Any]) -> dict[str, int]:
    names = ("total_events", "successful_events", "failed_events")
    return {f"{one['bucket']} {name}": one[name] for one in answer["trends"] for name in names}


def of_contributors(answer: dict[str, Any]) -> dict[str, int]:
    """What can be counted in one window or the other; a pull request may have been reviewed in both."""
    additive = {
        "pr_creators": ("total_prs", "merged_prs", "closed_prs"),
        "pr_reviewers": ("total_reviews",),
        "pr_approvers": ("total_approvals", "prs_approved"),
        "pr_lgtm": ("total_lgtm", "prs_lgtm"),
    }
    return {
        f"{of} {one['user']} {name}": one[name]
        for of, names in additive.items()
        for one in answer[of]["data"]
        for name in names
    }


@pytest.mark.parametrize(
    ("path", "counts", "more"),
    [
        (SUMMARY, of_summary, {}),
        (REPOSITORIES, of_repositories, {"page_size": 100}),
        (TRENDS, of_trends, {"bucket": "day", "tz": "Asia/Kolkata"}),
        (TRENDS, of_trends, {"bucket": "week"}),
        (CONTRIBUTORS, of_contributors, {"page_size": 100, "actors": "all"}),
    ],
)
@settings(BOUNDED, max_examples=20)
@given(moments=st.lists(times(), min_size=3, max_size=3).map(sorted))
def test_two_windows_that_meet_add_up_to_the_joined_one(
    stage: Stage,
    path: str,
    counts: Callable[[dict[str, Any]], dict[str, int]],
    more: dict[str, Any],
    moments: list[datetime],
) -> None:
    start, middle, end = moments
    first, second, joined = (
        counts(stage.api.get(path, **parameters(window), **more))
        for window in ((start, middle), (middle, end), (start, end))
    )
    assert {name: count for name, count in added(first, second).items() if count} == {
        name: count for name, count in joined.items() if count
    }


# What a rollup does not hold is read from the events

PARK = """
INSERT INTO parked_events (projection, generation, position, state, reason, error, version)
SELECT 'event_counts', 1, position, 'parked', 'rows', 'an error', 1 FROM webhook_events_g1.webhook_events
WHERE event_type = 'pull_request' ORDER BY position OFFSET 20 LIMIT 1 RETURNING position
"""
TAKE_OUT = """
UPDATE event_counts_g1.event_counts c SET events = c.events - 1, duration_us = c.duration_us - e.duration_us
FROM webhook_events_g1.webhook_events e WHERE e.position = %s
AND (c.repository_id, c.day, c.event_type) = (e.repository_id, e.received_at::date, e.event_type)
"""


def test_what_a_rollup_has_parked_is_counted_all_the_same(server: str, template: str) -> None:
    """Parking it costs the event its status, which is joined, and nothing else."""
    with clone(server, template) as database, psycopg.connect(database, autocommit=True) as connection:
        append(connection, list(deliveries())[:400], Compressor(current_dictionary()))
        project(database, connection)
        with running(database, projector=False) as api:
            whole = {path: api.get(path) for path in (SUMMARY, REPOSITORIES)}
            ((position,),) = connection.execute(PARK).fetchall()
            assert connection.execute(TAKE_OUT, (position,)).rowcount == 1
            parked = {path: api.get(path) for path in (SUMMARY, REPOSITORIES)}
    before, after = (answers[SUMMARY]["summary"] for answers in (whole, parked))
    assert after["total_events"] == before["total_events"]
    assert after["failed_events"] == before["failed_events"] + 1
    assert parked[SUMMARY]["event_type_distribution"] == whole[SUMMARY]["event_type_distribution"]
    totals = [[one["total_events"] for one in answers[REPOSITORIES]["repositories"]] for answers in (whole, parked)]
    assert totals[0] == totals[1]


def test_a_rollup_that_stands_behind_is_left_aside(server: str, template: str) -> None:
    with clone(server, template) as database, psycopg.connect(database, autocommit=True) as connection:
        told = list(deliveries())[:400]
        append(connection, told[:300], Compressor(current_dictionary()))
        project(database, connection)
        connection.execute("UPDATE projection_generations SET state = 'halted' WHERE projection = 'event_senders'")
        append(connection, told[300:], Compressor(current_dictionary()))
        projector = Projector(database, active_projections(), decode)
        projector.prepare(connection)
        while projector.run_once(connection):
            pass
        events = told_events(connection)
        with running(database, projector=False) as api:
            summary = api.get(SUMMARY)["summary"]
    assert summary["total_events"] == len(events)
    assert summary["unique_senders"] == len({event.sender for event in events if event.sender})
