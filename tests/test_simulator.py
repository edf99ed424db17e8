"""The simulated organisation: the same each time, true to GitHub's shapes, and consistent with itself."""

import asyncio
import gc
import hashlib
import hmac
import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from threading import Thread
from typing import Any, NamedTuple, TypedDict
from uuid import UUID

import msgspec
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from github_metrics.simulator import Delivery, rates, simulate
from github_metrics.simulator.play import PlayError, PlayReport, play
from tests.example_payloads import example_payloads

UNTIL = datetime(2026, 9, 1, 12, tzinfo=UTC)
DAYS = 180
SIZES = {"merged", "additions", "deletions", "commits", "changed_files"}
FAMILY = {"pull_request", "pull_request_review", "pull_request_review_comment", "pull_request_review_thread"}
EVENTS = FAMILY | {
    *("check_run", "check_suite", "workflow_run", "workflow_job", "status", "push", "issue_comment", "issues"),
    *("deployment", "deployment_status", "release", "star", "ping", "repository"),
}
ACTIONS = {
    "pull_request": {
        *("opened", "closed", "reopened", "synchronize", "labeled", "unlabeled", "ready_for_review"),
        *("converted_to_draft", "review_requested", "review_request_removed"),
    },
    "pull_request_review": {"submitted", "edited", "dismissed"},
    "pull_request_review_comment": {"created"},
    "pull_request_review_thread": {"resolved", "unresolved"},
    "issue_comment": {"created", "edited"},
    "check_run": {"created", "completed"},
    "check_suite": {"completed"},
    "workflow_run": {"requested", "in_progress", "completed"},
    "workflow_job": {"queued", "in_progress", "completed"},
    "issues": {"opened", "labeled", "closed"},
    "deployment": {"created"},
    "deployment_status": {"created"},
    "release": {"created", "published"},
    "star": {"created"},
    "repository": {"renamed"},
}


class Account(TypedDict, total=False):
    login: str
    type: str


class Repo(TypedDict, total=False):
    id: int
    name: str
    full_name: str
    fork: bool


class Head(TypedDict, total=False):
    sha: str
    repo: Repo | None


class Label(TypedDict, total=False):
    name: str


class Pull(TypedDict, total=False):
    url: str
    number: int
    user: Account | None
    state: str
    draft: bool
    head: Head
    labels: list[Label]
    requested_reviewers: list[Account]
    updated_at: str
    closed_at: str | None
    merged_at: str | None
    merge_commit_sha: str | None
    merged: bool
    additions: int
    deletions: int
    commits: int
    changed_files: int


class Suite(TypedDict, total=False):
    id: int
    head_branch: str | None


class Run(TypedDict, total=False):
    id: int
    name: str
    head_sha: str
    conclusion: str | None
    completed_at: str | None
    pull_requests: list[Any]
    check_suite: Suite
    run_attempt: int
    labels: list[str]


class Note(TypedDict, total=False):
    """A review, a comment or a deployment status."""

    user: Account | None
    state: str


class Deployment(TypedDict, total=False):
    environment: str
    description: str | None


class Payload(TypedDict, total=False):
    """What these tests read: a whole run parsed in full would take gigabytes."""

    action: str
    before: str
    after: str
    deleted: bool
    head_commit: Any
    state: str
    repository: Repo
    pull_request: Pull
    requested_reviewer: Account
    requested_team: Any
    label: Label
    review: Note
    comment: Note
    check_run: Run | None
    workflow_run: Run | None
    workflow_job: Run
    deployment: Deployment
    deployment_status: Note
    changes: Any


class Sent(NamedTuple):
    delivery_id: UUID
    event_type: str
    occurred_at: datetime
    size: int


Told = tuple[Sent, Payload]


def digest(deliveries: Iterable[Delivery]) -> str:
    whole = hashlib.sha256()
    for delivery in deliveries:
        whole.update(f"{delivery.delivery_id}{delivery.event_type}{delivery.occurred_at}".encode() + delivery.body)
    return whole.hexdigest()


@pytest.fixture(scope="module")
def told() -> list[Told]:
    """A default run: read it, do not change it."""
    payload = msgspec.json.Decoder(Payload)
    gc.disable()  # nothing here is garbage, and looking for it takes half of the time
    try:
        return [
            (Sent(each.delivery_id, each.event_type, each.occurred_at, len(each.body)), payload.decode(each.body))
            for each in simulate(until=UNTIL)
        ]
    finally:
        gc.enable()


@pytest.fixture(scope="module")
def sample() -> list[Delivery]:
    """A shorter run, with its bodies."""
    return list(simulate(until=UNTIL, days=40, pull_requests=100))


@pytest.fixture(scope="module")
def by_event(told: list[Told]) -> dict[str, list[Payload]]:
    grouped: dict[str, list[Payload]] = defaultdict(list)
    for delivery, payload in told:
        grouped[delivery.event_type].append(payload)
    return grouped


def stories(told: list[Told]) -> dict[tuple[int, int], list[Told]]:
    """What was told about each pull request, in order, by events that carry it."""
    found: dict[tuple[int, int], list[Told]] = defaultdict(list)
    for delivery, payload in told:
        if "pull_request" in payload:
            found[payload["repository"]["id"], payload["pull_request"]["number"]].append((delivery, payload))
    return found


# --- purity and volume


def test_the_same_arguments_give_the_same_bytes() -> None:
    runs = [digest(simulate(seed=seed, until=UNTIL, days=30, pull_requests=40)) for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


def test_deliveries_are_in_order_within_the_days_and_start_with_the_ping(told: list[Told]) -> None:
    times = [delivery.occurred_at for delivery, _ in told]
    assert times == sorted(times)
    assert times[0] == UNTIL - timedelta(days=DAYS)
    assert told[0][0].event_type == "ping"
    assert UNTIL - timedelta(hours=12) < times[-1] < UNTIL


def test_delivery_ids_are_unique_and_tell_their_second(told: list[Told]) -> None:
    assert len({delivery.delivery_id for delivery, _ in told}) == len(told)
    first = told[0][0]
    assert first.delivery_id.version == 1
    assert (first.delivery_id.time - 0x01B21DD213814000) // 10_000_000 == first.occurred_at.timestamp()


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(0, 5), days=st.integers(1, 40))
def test_a_small_run_works_for_any_seed(seed: int, count: int, days: int) -> None:
    deliveries = list(simulate(seed=seed, until=UNTIL, days=days, pull_requests=count))
    opened = [orjson.loads(each.body).get("action") for each in deliveries if each.event_type == "pull_request"]
    assert opened.count("opened") <= count
    assert all(UNTIL - timedelta(days=days) <= each.occurred_at < UNTIL for each in deliveries)


def test_a_small_run_tells_something() -> None:
    assert list(simulate(until=UNTIL, pull_requests=5))


def test_a_million_pull_requests_begin_without_being_held_in_memory() -> None:
    assert len(list(itertools.islice(simulate(until=UNTIL, pull_requests=1_000_000), 500))) == 500


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        simulate(until=UNTIL.replace(tzinfo=None))


def test_volume_and_sizes_are_those_of_a_real_organisation(told: list[Told]) -> None:
    assert 40 <= len(told) / 1500 <= 60
    assert 11_000 <= sum(delivery.size for delivery, _ in told) / len(told) <= 15_000
    family = [delivery.size for delivery, _ in told if delivery.event_type in FAMILY]
    assert min(family) > 10_000
    assert sum(family) / len(family) < 25_000


def test_people_work_on_weekdays_in_waking_hours(told: list[Told]) -> None:
    opened = [
        each.occurred_at
        for each, payload in told
        if each.event_type == "pull_request" and payload["action"] == "opened"
    ]
    assert sum(time.weekday() < 5 for time in opened) > 0.9 * len(opened)
    assert len(opened) == pytest.approx(1500, abs=5)


def test_the_table_of_rates_is_the_rates() -> None:
    rows = dict(re.findall(r"^\| ([A-Z_]+) \| ([\d.]+) \|", rates.__doc__ or "", re.MULTILINE))
    assert {name: float(value) for name, value in rows.items()} == {
        name: value for name, value in vars(rates).items() if name.isupper()
    }


# --- everything occurs


def test_every_event_and_action_occurs(by_event: dict[str, list[Payload]]) -> None:
    assert set(by_event) == EVENTS
    for event, actions in ACTIONS.items():
        assert {payload["action"] for payload in by_event[event]} == actions, event


def test_every_kind_of_review_occurs(by_event: dict[str, list[Payload]]) -> None:
    reviews = by_event["pull_request_review"]
    assert {each["review"]["state"] for each in reviews} == {"approved", "changes_requested", "commented", "dismissed"}
    assert any(each["review"]["user"]["type"] == "Bot" for each in reviews)
    requests = [each for each in by_event["pull_request"] if each["action"] == "review_requested"]
    assert {"requested_reviewer", "requested_team"} <= {key for each in requests for key in each}


def test_every_kind_of_check_occurs(by_event: dict[str, list[Payload]]) -> None:
    runs = [each["check_run"] for each in by_event["check_run"] if each["action"] == "completed"]
    assert {run["conclusion"] for run in runs} >= {"success", "failure", "skipped", "cancelled", "neutral", "timed_out"}
    attempts = Counter(run["id"] for run in runs)
    assert max(attempts.values()) > 1
    flakes = defaultdict(list)
    for run in runs:
        flakes[run["head_sha"], run["check_suite"]["id"], run["name"]].append(
            (run["completed_at"], run["id"], run["conclusion"])
        )
    repaired = [each for each in flakes.values() if each[0][2] == "failure" and each[-1][2] == "success"]
    assert {each[0][1] == each[-1][1] for each in repaired} == {True, False}
    assert any(run["pull_requests"] == [] and run["check_suite"]["head_branch"] is None for run in runs)
    assert all(run["id"] > 2**33 for run in runs)
    assert {each["state"] for each in by_event["status"]} == {"pending", "success", "failure", "error"}
    assert {label for each in by_event["workflow_job"] for label in each["workflow_job"]["labels"]} >= {"ubuntu-latest"}
    assert {each["workflow_run"]["run_attempt"] for each in by_event["workflow_run"]} == {1, 2}


def test_every_kind_of_label_occurs(by_event: dict[str, list[Payload]]) -> None:
    for action in ("labeled", "unlabeled"):
        names = {each["label"]["name"] for each in by_event["pull_request"] if each["action"] == action}
        prefixes = {re.split(r"[-/]", name)[0] for name in names}
        assert prefixes >= {"size", "approved", "lgtm", "verified", "do"}, action
    assert "sig" in {each["label"]["name"][:3] for each in by_event["pull_request"] if each["action"] == "labeled"}


def test_the_odd_ones_occur(by_event: dict[str, list[Payload]]) -> None:
    pulls = [each["pull_request"] for each in by_event["pull_request"]]
    assert any(pull["user"] is None for pull in pulls)
    assert any(pull["head"]["repo"] is None for pull in pulls)
    assert any(pull["head"]["repo"] and pull["head"]["repo"]["fork"] for pull in pulls)
    assert any(pull["user"] and pull["user"]["type"] == "Bot" for pull in pulls)
    assert any(each["comment"]["user"] is None for each in by_event["issue_comment"])
    assert any(each["deleted"] and each["head_commit"] is None for each in by_event["push"])
    assert "repository" not in by_event["ping"][0]


def test_deployments_fail_and_are_rolled_back(by_event: dict[str, list[Payload]]) -> None:
    statuses = by_event["deployment_status"]
    states = {(each["deployment"]["environment"], each["deployment_status"]["state"]) for each in statuses}
    assert states >= {("staging", "success"), ("production", "success"), ("production", "failure")}
    assert any((each["deployment"]["description"] or "").startswith("Roll back") for each in by_event["deployment"])


def test_pull_requests_are_merged_closed_reopened_and_left_open(told: list[Told]) -> None:
    ends = Counter()
    for story in stories(told).values():
        actions = [payload["action"] for each, payload in story if each.event_type == "pull_request"]
        pull_request = story[-1][1]["pull_request"]
        ends["merged" if pull_request["merged_at"] else pull_request["state"]] += 1
        ends["reopened and merged"] += "reopened" in actions and pull_request["merged_at"] is not None
    assert ends["merged"] > 1200
    assert min(ends[each] for each in ("closed", "open", "reopened and merged")) > 10


def test_the_renamed_repository_keeps_its_id(told: list[Told]) -> None:
    (at,) = (place for place, (delivery, _) in enumerate(told) if delivery.event_type == "repository")
    renamed = told[at][1]
    assert renamed["changes"]["repository"]["name"]["from"] == "atlas-index"
    for place, (delivery, payload) in enumerate(told):
        if delivery.event_type != "ping" and payload["repository"]["id"] == renamed["repository"]["id"]:
            name = "meridian/atlas-index" if place < at else "meridian/atlas"
            assert payload["repository"]["full_name"] == name
            assert "pull_request" not in payload or f"/{name}/pulls/" in payload["pull_request"]["url"]


# --- shapes


@pytest.mark.parametrize("event", sorted(EVENTS - {"repository"}))
def test_no_field_of_the_base_payload_is_lost(event: str, sample: list[Delivery]) -> None:
    examples = [payload for name, payload in example_payloads() if name == event]
    payloads = [orjson.loads(each.body) for each in sample if each.event_type == event][:50]
    for payload in payloads:
        assert {"organization", "sender"} <= set(payload)
        assert any(_fields(example, payload) for example in examples), event


def _fields(example: dict[str, Any], payload: dict[str, Any]) -> bool:
    """Every object that both have is as rich as the example's."""
    shared = [key for key in example if isinstance(example[key], dict) and isinstance(payload.get(key), dict)]
    return len(shared) > 1 and all(set(example[key]) <= set(payload[key]) for key in shared if key != "changes")


def test_only_pull_request_events_tell_sizes(by_event: dict[str, list[Payload]]) -> None:
    for event in FAMILY:
        expected = SIZES if event == "pull_request" else set()
        assert all(SIZES & set(payload["pull_request"]) == expected for payload in by_event[event])


def test_nothing_of_the_examples_shines_through(sample: list[Delivery]) -> None:
    foreign = re.compile(rb"Codertocat|Hello-World|octo-org|Octocoders|2019-05-15T15|2020-10-0|ec26c3e57ca3|%\(")
    for delivery in sample[::2]:
        found = foreign.search(delivery.body)
        assert found is None, (delivery.event_type, found)


def test_headers_are_signed_over_the_body(sample: list[Delivery]) -> None:
    delivery = sample[0]
    signed = hmac.new(b"It's a Secret to Everybody", delivery.body, hashlib.sha256).hexdigest()
    assert delivery.headers("It's a Secret to Everybody")["X-Hub-Signature-256"] == f"sha256={signed}"
    assert "X-Hub-Signature-256" not in delivery.headers(None)
    assert delivery.headers(None)["X-GitHub-Hook-Installation-Target-Type"] == "organization"


# --- consistency


def test_updated_at_rises_with_every_event(told: list[Told]) -> None:
    for story in stories(told).values():
        times = [payload["pull_request"]["updated_at"] for _, payload in story]
        assert all(earlier < later for earlier, later in pairwise(times))
        assert all(
            payload["pull_request"]["updated_at"] == f"{each.occurred_at:%Y-%m-%dT%H:%M:%SZ}" for each, payload in story
        )


def test_state_follows_the_story(told: list[Told]) -> None:
    for story in stories(told).values():
        state, draft, labels, asked = "open", story[0][1]["pull_request"]["draft"], set(), set()
        for delivery, payload in story:
            pull_request, action = payload["pull_request"], payload["action"]
            if delivery.event_type == "pull_request":
                assert state == "open" or action == "reopened", "nothing is asked of a closed pull request"
                state = {"closed": "closed", "reopened": "open"}.get(action, state)
                draft = {"converted_to_draft": True, "ready_for_review": False}.get(action, draft)
                labels |= {payload["label"]["name"]} if action == "labeled" else set()
                labels -= {payload["label"]["name"]} if action == "unlabeled" else set()
                asked |= {payload["requested_reviewer"]["login"]} if _asks(payload) else set()
                asked -= {payload["requested_reviewer"]["login"]} if action == "review_request_removed" else set()
                assert pull_request["merged"] == (pull_request["merged_at"] is not None)
            if delivery.event_type == "pull_request_review" and action == "submitted":
                asked.discard(payload["review"]["user"]["login"])
            assert (pull_request["state"], pull_request["draft"]) == (state, draft)
            assert {label["name"] for label in pull_request["labels"]} == labels
            assert {person["login"] for person in pull_request["requested_reviewers"]} == asked
            assert (pull_request["closed_at"] is None) == (state == "open")


def _asks(payload: Payload) -> bool:
    return payload["action"] == "review_requested" and "requested_reviewer" in payload


def test_heads_and_sizes_grow_by_pushes_only(told: list[Told]) -> None:
    for story in stories(told).values():
        head, size = None, None
        for delivery, payload in story:
            pull_request = payload["pull_request"]
            if payload["action"] == "synchronize":
                assert payload["before"] == head
                assert payload["after"] == pull_request["head"]["sha"]
            else:
                assert pull_request["head"]["sha"] == head or head is None
            head = pull_request["head"]["sha"]
            if delivery.event_type == "pull_request":
                now = tuple(pull_request[name] for name in ("additions", "deletions", "commits"))
                assert size == now or size is None or payload["action"] == "synchronize"
                size = now


def test_a_merge_is_pushed(told: list[Told]) -> None:
    pushed = {payload["after"] for delivery, payload in told if delivery.event_type == "push"}
    for delivery, payload in told:
        if delivery.event_type == "pull_request" and payload["pull_request"]["merged"]:
            assert payload["pull_request"]["merge_commit_sha"] in pushed


# --- play


def _played(answers: list[int], count: int) -> tuple[PlayReport, list[bytes], list[int]]:
    """Play `count` deliveries to a server that gives these answers first, and 200 afterwards."""
    bodies: list[bytes] = []
    counts: list[int] = []

    class Receiver(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = answers.pop(0) if answers else 200
            if status == 200:
                bodies.append(body)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Not into the test's output."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        server.daemon_threads = False
        Thread(target=server.serve_forever, args=(0.02,)).start()
        deliveries = itertools.islice(simulate(until=UNTIL, days=20, pull_requests=20), count)
        url = f"http://127.0.0.1:{server.server_port}/metrics"
        try:
            report = asyncio.run(play(url, deliveries, secret="s", concurrency=4, on_delivered=counts.append))
        finally:
            server.shutdown()
    return report, bodies, counts


def test_play_delivers_everything_and_repeats_what_met_an_unavailable_server() -> None:
    report, bodies, counts = _played([503, 503], 30)
    assert report == PlayReport(delivered=30, body_bytes=sum(map(len, bodies)), retried=2)
    expected = itertools.islice(simulate(until=UNTIL, days=20, pull_requests=20), 30)
    assert sorted(bodies) == sorted(each.body for each in expected)
    assert counts == list(range(1, 31))


def test_play_ends_at_a_refusal() -> None:
    with pytest.raises(PlayError, match=r"refused \w+ [-0-9a-f]+: 403") as refused:
        _played([403], 5)
    assert refused.value.reason == "play"
