"""GET /api/metrics/stream: what it tells, to whom, and how it resumes."""

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import hypothesis.strategies as st
import psycopg
import pytest
from hypothesis import given, settings

from projections.queries.live_queries import EVERYTHING, READS, Match, after
from replay import generations
from replay.snapshot import reading_pool, snapshot
from tests.deliveries import fill, number, report
from tests.events import payload, projection, pull_request
from tests.service import Service, clone, running
from tests.streams import STREAM, Reader, narrow, positions, post_much, reading
from tests.test_api import HISTORY, NEWEST_FIRST, TOOLS, WEBHOOKS, problem

COUNTED = NEWEST_FIRST[::-1]
"""The events of HISTORY that the listing shows, in order: their positions are their numbers."""


@pytest.fixture(scope="module")
def told(server: str, template: str) -> Iterator[tuple[str, Service]]:
    """A service that has HISTORY, and its database."""
    with clone(server, template) as database, running(database) as service:
        position = fill(database, HISTORY)
        service.get(WEBHOOKS, min_position=position)
        yield database, service


@pytest.fixture(scope="module")
def service(told: tuple[str, Service]) -> Service:
    return told[1]


def listed(service: Service, **filters: Any) -> list[dict[str, Any]]:
    """What the listing has, the oldest first."""
    return service.get(WEBHOOKS, page_size=1000, **filters)["data"][::-1]


# ── What is told ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_event_is_told_once_it_is_projected_as_the_listing_has_it(database: str) -> None:
    with running(database) as service, reading(service) as reader:
        assert reader.answer.headers["content-type"].startswith("text/event-stream")
        assert reader.answer.headers["cache-control"] == "no-store"
        assert reader.answer.headers["x-log-position"] == "0"
        answer = service.post("pull_request", payload("opened", pull_request=pull_request(1)))
        (message,) = reader.take(1)
        assert str(message["position"]) == reader.last_id == answer.headers["X-Log-Position"]
        assert message.keys() == {"type", "timestamp", "position", "data"}
        assert message["type"] == "metric_update"
        assert message["data"]["event"] == listed(service)[0]
        assert message["data"]["event"]["delivery_id"] == answer.json()["delivery_id"]
        assert message["timestamp"] >= message["data"]["event"]["processed_at"]


def test_the_deltas_add_up_to_the_summary(service: Service) -> None:
    with reading(service, since=0) as reader:
        messages = reader.take(len(COUNTED))
    deltas = [message["data"]["summary_delta"] for message in messages]
    sums = {name: sum(delta[name] for delta in deltas) for name in deltas[0]}
    assert sums == {"total_events": 9, "successful_events": 5, "failed_events": 4, "partial_events": 2}
    summary = service.get("/api/metrics/summary")["summary"]
    assert {name: summary[name] for name in sums if name in summary} == {
        name: value for name, value in sums.items() if name != "partial_events"
    }


def test_status_is_that_of_the_moment(database: str) -> None:
    with running(database) as service:
        fill(database, HISTORY[:3])
        with reading(service, since=0) as reader:
            assert [told["data"]["event"]["status"] for told in reader.take(3)] == ["success"] * 3
            late = fill(database, [report(13, delivery_id=number(3), status="error", error="late")])
            assert listed(service, min_position=late)[-1]["status"] == "error"
            fill(database, HISTORY[3:4])
            assert positions(reader.take(1)) == [late + 1], "a report is no event, and changes none that was told"


# ── To whom ───────────────────────────────────────────────────────────────────────────────────────────────────────

FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "repository": st.lists(st.sampled_from(["octo/hello", "OCTO/world", "octo/tools", "no/body"]), max_size=2),
        "event_type": st.lists(st.sampled_from(["push", "pull_request", "check_run", "nothing"]), max_size=2),
        "status": st.lists(st.sampled_from(["success", "error", "partial"]), max_size=2),
    },
)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, COUNTED),
        ({"repository": "octo/tools"}, [2, 5, 7]),
        ({"repository": "Octo/World"}, [1, 3, 4, 8, 9]),
        ({"repository": ["octo/tools", "octo/world"]}, [1, 2, 3, 4, 5, 7, 8, 9]),
        ({"event_type": "push"}, [2, 6]),
        ({"event_type": ["push", "check_run"]}, [2, 5, 6]),
        ({"status": "partial"}, [5, 7]),
        ({"status": ["partial", "error"], "repository": "octo/tools"}, [5, 7]),
        ({"repository": "", "event_type": "", "status": ""}, COUNTED),
    ],
)
def test_filters(service: Service, filters: dict[str, Any], expected: list[int]) -> None:
    with reading(service, since=0, **filters) as reader:
        assert positions(reader.take(len(expected))) == expected


@pytest.mark.parametrize("filters", [{"repository": "octo/world"}, {"event_type": "push"}, {"status": "error"}])
def test_they_are_those_of_the_listing(service: Service, filters: dict[str, str]) -> None:
    events = listed(service, **filters)
    with reading(service, since=0, **filters) as reader:
        assert [told["data"]["event"] for told in reader.take(len(events))] == events


@given(
    st.builds(
        Match,
        st.none() | st.frozensets(st.sampled_from([7, 8, 9])),
        st.frozensets(st.sampled_from(["octo/hello", "octo/world"])),
        st.none() | st.frozensets(st.sampled_from(["push", "pull_request"])),
        st.none() | st.frozensets(st.sampled_from(["success", "partial", "error"])),
    )
)
@settings(max_examples=30, deadline=None)
def test_what_has_been_missed_is_filtered_as_what_is_new(told: tuple[str, Service], match: Match) -> None:
    """The one by SQL, the other in memory."""

    async def both() -> tuple[list[int], list[int]]:
        async with reading_pool(told[0], 1) as pool, snapshot(pool, READS) as taken:
            every = await after(taken, EVERYTHING, 0, 100)
            missed = await after(taken, match, 0, 100)
        return [row["position"] for row in missed], [row["position"] for row in every if match.admits(row)]

    missed, admitted = asyncio.run(both())
    assert missed == admitted


def test_a_repository_that_nothing_is_known_of_yet_is_waited_for(database: str) -> None:
    with running(database) as service, reading(service, repository="Octo/Tools") as reader:
        service.post("push", payload(after="a" * 40))
        answer = service.post("push", payload(after="b" * 40, repository=TOOLS))
        assert positions(reader.take(1)) == [int(answer.headers["X-Log-Position"])]


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"status": "bad"}, "status"),
        ({"repository": "no-slash"}, "repository"),
        ({"repository": "a/b/c"}, "repository"),
        ({"event_type": "x" * 256}, "event_type"),
        ({"since": "-1"}, "since"),
        ({"since": "x"}, "since"),
        ({"since": str(2**63)}, "since"),
        ({"event_type": ["push"] * 501}, "event_type"),
    ],
)
def test_a_bad_filter_is_refused(service: Service, parameters: dict[str, Any], named: str) -> None:
    answer = service.client.get(STREAM, params=parameters)
    faults = answer.json()["detail"]
    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid_parameter")
    assert {fault["loc"][1] for fault in faults} == {named}


@pytest.mark.parametrize("given_id", ["x", "-1", "1.0", "", str(2**63), "9" * 5000])
def test_a_bad_last_event_id_is_refused(service: Service, given_id: str) -> None:
    answer = service.client.get(STREAM, headers={"Last-Event-ID": given_id})
    assert "Last-Event-ID" in problem(answer, 400, "bad_parameter")


# ── Resuming ──────────────────────────────────────────────────────────────────────────────────────────────────────


@given(cuts=st.lists(st.integers(0, 4), max_size=5), filters=FILTERS, begin=st.integers(0, 9))
@settings(max_examples=25, deadline=None)
def test_cut_off_anywhere_and_resumed_nothing_is_missed_or_told_twice(
    service: Service, cuts: list[int], filters: dict[str, list[str]], begin: int
) -> None:
    asked = {name: values for name, values in filters.items() if values}
    expected = [
        event["position"]
        for event in listed(service)
        if event["position"] > begin
        and (not filters.get("event_type") or event["event_type"] in filters["event_type"])
        and (not filters.get("status") or event["status"] in filters["status"])
        and (not filters.get("repository") or of_repository(event, filters["repository"]))
    ]
    found: list[int] = []
    last = str(begin)
    for cut in [*cuts, len(expected)]:
        with reading(service, headers={"Last-Event-ID": last}, since=0, **asked) as reader:
            found += positions(reader.take(min(cut, len(expected) - len(found))))
            last = reader.last_id or last
    assert found == expected


def of_repository(event: dict[str, Any], names: list[str]) -> bool:
    """octo/hello is called octo/world now, and nothing else ever was called octo/hello."""
    ids = {"octo/hello": "world", "octo/world": "world", "octo/tools": "tools"}
    return ids.get(event["repository"] or "") in {ids.get(name.lower(), "none") for name in names}


def test_resuming_while_events_come(database: str) -> None:
    with running(database) as service:
        posted: list[int] = []

        def post() -> None:
            for _ in range(150):
                answer = service.post("push", payload(after="a" * 40))
                posted.append(int(answer.headers["X-Log-Position"]))

        posting = threading.Thread(target=post)
        posting.start()
        found, last = [], "0"
        while len(found) < 150:
            with reading(service, headers={"Last-Event-ID": last}) as reader:
                found += positions(reader.take(min(7, 150 - len(found))))
                last = reader.last_id
        posting.join()
    assert found == posted


def test_a_reader_cut_off_before_the_first_event_resumes_where_it_began(database: str) -> None:
    with running(database) as service:
        first = service.post("push", payload(after="a" * 40)).headers["X-Log-Position"]
        service.get(WEBHOOKS, min_position=first)
        with reading(service) as reader:
            assert reader.answer.headers["X-Log-Position"] == first
        missed = service.post("push", payload(after="b" * 40)).headers["X-Log-Position"]
        with reading(service, headers={"Last-Event-ID": first}) as reader:
            assert positions(reader.take(1)) == [int(missed)]


def test_a_position_that_is_not_projected_yet_is_waited_for(database: str) -> None:
    position = fill(database, HISTORY[:3])
    with running(database, projector=False) as service, reading(service, since=position) as reader:
        assert reader.answer.headers["X-Log-Position"] == str(position)
        with running(database):
            fill(database, HISTORY[3:4])
            assert positions(reader.take(1)) == [position + 1]


def test_a_position_of_another_log_begins_at_the_end_of_this_one(database: str) -> None:
    with running(database) as service:
        position = fill(database, HISTORY[:3])
        with reading(service, since=2**62) as reader:
            assert reader.answer.headers["X-Log-Position"] == str(position)
            fill(database, HISTORY[3:4])
            assert positions(reader.take(1)) == [position + 1]


def test_what_is_far_back_comes_in_pages(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("github_metrics.live.following.PAGE", 4)
    fill(database, HISTORY)
    with running(database) as service:
        service.get(WEBHOOKS, min_position=len(HISTORY))
        with reading(service, since=0) as reader:
            assert positions(reader.take(9)) == COUNTED
            new = service.post("push", payload(after="a" * 40))
            assert positions(reader.take(1)) == [int(new.headers["X-Log-Position"])]


def test_an_idle_reader_is_pinged_and_its_place_kept(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("github_metrics.live.following.PING_SECONDS", 0.05)
    with running(database) as service, reading(service, event_type="release") as reader:
        position = service.post("push", payload(after="a" * 40)).headers["X-Log-Position"]
        lines = reader.answer.iter_lines()
        deadline = time.monotonic() + 20
        while next(lines) != f"id: {position}":
            assert time.monotonic() < deadline


# ── Faults ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_lost_connection_is_made_again_and_nothing_is_missed(database: str) -> None:
    with running(database) as service, reading(service) as reader:
        with psycopg.connect(database, autocommit=True) as connection:
            for round_ in range(3):
                position = service.post("push", payload(after=f"{round_:040}")).headers["X-Log-Position"]
                assert positions(reader.take(1)) == [int(position)]
                killed = connection.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                    " WHERE application_name = 'live' AND datname = current_database()"
                ).fetchall()
                assert killed == [(True,)], "there is one connection that listens"
        missed = [int(service.post("push", payload(after=f"{n:040x}")).headers["X-Log-Position"]) for n in (10, 11)]
        assert positions(reader.take(2)) == missed


def test_nobody_listens_when_nobody_reads(database: str) -> None:
    with running(database), psycopg.connect(database, autocommit=True) as connection:
        listeners = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'live' AND datname = current_database()"
        ).fetchone()
    assert listeners == (0,)


def test_a_swap_in_the_middle_loses_nothing_and_tells_nothing_twice(database: str) -> None:
    posted: list[int] = []
    swapped = threading.Event()

    def post() -> None:
        while not swapped.is_set() or len(posted) < 20:
            posted.append(int(service.post("push", payload(after="a" * 40)).headers["X-Log-Position"]))

    with running(database) as service, reading(service) as reader:
        posting = threading.Thread(target=post)
        posting.start()
        with psycopg.connect(database, autocommit=True) as connection:
            for generation in (2, 3):
                generations.create(connection, projection("webhook_events"), live=False)
                await_swap(connection, generation)
        swapped.set()
        posting.join()
        assert positions(reader.take(len(posted))) == posted


def await_swap(connection: psycopg.Connection[Any], generation: int) -> None:
    """Until the projector, which builds it, lets readers see it."""
    deadline = time.monotonic() + 60
    seen = "SELECT generation FROM projections WHERE projection = 'webhook_events'"
    while connection.execute(seen).fetchone() != (generation,):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_slow_reader_is_cut_off_with_a_reason_and_resumes_without_loss(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("github_metrics.live.updates.RECENT_BYTES", 2**18)
    with running(database) as service:
        narrow(service)
        with reading(service) as reader:
            last = post_much(service)
            *told, fault = reader.frames
            found = positions([frame.json for frame in told])
            assert (fault.name, fault.json["reason"]) == ("error", "slow_reader")
            assert fault.json["detail"].endswith(f"go on from position {reader.last_id}")
            assert int(reader.last_id or 0) < last, "it was not slow"
            with reading(service, headers={"Last-Event-ID": reader.last_id}) as again:
                found += positions(again.take(last - len(found)))
    assert found == list(range(1, last + 1))


def test_a_stream_ends_when_the_service_stops(database: str) -> None:
    ended: list[bool] = []

    def read(reader: Reader) -> None:
        ended.append(list(reader.frames) == [])

    with running(database) as service, reading(service) as reader:
        thread = threading.Thread(target=read, args=[reader])
        thread.start()
        service.stop()
        thread.join(timeout=20)
    assert ended == [True]
