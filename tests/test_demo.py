"""What a demo tells: its past at the times of the story, its present through the receiver."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import msgspec
import psycopg

from github_metrics.demo.player import follow, load, parted
from github_metrics.demo.story import Story
from github_metrics.simulator.delivery import Delivery
from github_metrics.simulator.receipts import LATEST, received
from tests.service import SECRET, Service, clone, running

BEGUN = datetime(2026, 3, 2, 12, tzinfo=UTC)
STORY = Story(seed=3, days=20, pull_requests=15, begun=BEGUN.isoformat())


def story() -> Iterator[Delivery]:
    return STORY.deliveries()


def test_the_story_is_told_on_beyond_the_day_on_which_it_was_begun(tmp_path: Any) -> None:
    STORY.keep(tmp_path)
    assert Story.kept(tmp_path) == STORY
    assert list(STORY.deliveries()) == list(STORY.deliveries())
    times = [told.occurred_at for told in story()]
    assert STORY.start <= times[0] < STORY.start + timedelta(days=2)
    assert BEGUN + timedelta(days=8) < times[-1] <= BEGUN + timedelta(days=10)


def test_past_and_future_are_the_whole_story() -> None:
    past, future = parted(story(), lambda: BEGUN)
    before, after = list(past), list(future)
    assert before + after == list(story())
    assert max(told.occurred_at for told in before) + LATEST <= BEGUN < min(told.occurred_at for told in after) + LATEST


def test_everything_is_received_soon_after_it_happened_and_the_same_each_time() -> None:
    told = list(story())
    first = list(received(told))
    assert first == list(received(told))
    events = [one for one in first if one.source == "webhook"]
    assert [one.delivery_id for one in events] == [one.delivery_id for one in told]
    for one, of in zip(events, told, strict=True):
        assert of.occurred_at < one.received_at < one.handed_over_at
    assert all(one.received_at < of + LATEST for one, of in zip(events, (t.occurred_at for t in told), strict=True))
    reports = [one for one in first if one.source == "report"]
    assert len(reports) > 20
    assert len({one.delivery_id for one in first}) == len(first)


def test_loading_goes_on_where_it_was_broken_off(connection: psycopg.Connection[Any]) -> None:
    connection.autocommit = True
    deliveries = sorted(received(islice(story(), 700)), key=lambda one: one.received_at)
    next(load(connection, deliveries))
    *_, (reached, added) = load(connection, deliveries)
    assert (reached, added) == (deliveries[-1].received_at, len(deliveries) - 500)
    rows = connection.execute("SELECT delivery_id, received_at FROM webhooks ORDER BY position").fetchall()
    assert rows == [(one.delivery_id, one.received_at) for one in deliveries]
    assert connection.execute("SELECT count(*) FROM duplicate_deliveries").fetchone() == (0,)


def test_what_happens_now_comes_through_the_receiver_when_it_happens(server: str, template: str) -> None:
    begun = datetime.now(UTC)
    coming = [
        msgspec.structs.replace(told, occurred_at=begun + timedelta(seconds=place - 0.5))
        for place, told in enumerate(islice(story(), 2))
    ]
    with clone(server, template) as database, running(database) as service:
        asyncio.run(follow(f"{service.url}/metrics", coming, secret=SECRET))
        for told in coming:
            assert received_at(service, told) >= told.occurred_at + timedelta(seconds=1)


def received_at(service: Service, told: Delivery) -> datetime:
    found = service.get(f"/api/metrics/webhooks/{told.delivery_id}", min_position=1)
    return datetime.fromisoformat(found["created_at"])
