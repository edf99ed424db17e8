"""All of GitHub's example payloads, delivered over real HTTP: each is answered, kept byte for byte and projected.

The values expected here were read in the payloads by eye. The examples tell of two pull requests, and no merge.
"""

import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

from projections.catalog import active_projections
from projections.decode import decode
from replay.log import LogReader
from tests.example_payloads import example_payloads
from tests.service import Service, delivery_headers, running

HELLO_WORLD = 186853002
CODERTOCAT = 21031067
HEAD = "ec26c3e57ca3a959ca5aad62de7213c562f8c821"
BASE = "f95f852bd8fca8fcc58a9a2d6c842781e32a215e"
Rows = list[dict[str, Any]]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def delivery_id(example: int) -> uuid.UUID:
    return uuid.UUID(int=example + 1)


def bodies() -> list[tuple[str, bytes]]:
    return [(event_type, orjson.dumps(payload)) for event_type, payload in example_payloads()]


@pytest.fixture(scope="module")
def delivered(server: str, template: str) -> Iterator[tuple[psycopg.Connection[Any], list[int]]]:
    """A database to which every example was delivered, and what each was answered."""
    name = f"examples_{uuid.uuid4().hex[:12]}"
    conninfo = make_conninfo(server, dbname=name)
    with psycopg.connect(server, autocommit=True) as owner:
        owner.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        try:
            with running(conninfo) as service:
                answers = [deliver(service, n, *body) for n, body in enumerate(bodies())]
                head = service.client.get("/api/metrics/webhooks", params={"min_position": len(answers)})
                assert head.status_code == 200
            with psycopg.connect(conninfo, autocommit=True, row_factory=dict_row, options="-c timezone=UTC") as opened:
                yield opened, answers
        finally:
            owner.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def deliver(service: Service, example: int, event_type: str, body: bytes) -> int:
    headers = delivery_headers(event_type, body, delivery_id(example))
    return service.client.post("/metrics", content=body, headers=headers).status_code


@pytest.fixture
def examples(delivered: tuple[psycopg.Connection[Any], list[int]]) -> psycopg.Connection[Any]:
    return delivered[0]


def table(connection: psycopg.Connection[Any], name: str, where: str = "true", **arguments: Any) -> Rows:
    """Rows of a view in schema public, as SQL users read them, without the versions that merges go by."""
    found = connection.execute(f"SELECT * FROM public.{name} WHERE {where} ORDER BY 1, 2, 3".encode(), arguments)
    return [{k: v for k, v in row.items() if not k.endswith("_version")} for row in found.fetchall()]


def test_every_example_is_answered_and_kept_byte_for_byte(
    delivered: tuple[psycopg.Connection[Any], list[int]], examples: psycopg.Connection[Any]
) -> None:
    assert delivered[1] == [200] * 329
    with psycopg.connect(examples.info.dsn) as connection:
        reader = LogReader(connection, decode)
        records = reader.records(0, limit=1000, max_bytes=2**40)
        kept = {record.delivery_id: (record.event_type, reader.body(record.body or b"")) for record in records}
    assert kept == {delivery_id(n): body for n, body in enumerate(bodies())}
    assert examples.execute("SELECT * FROM parked_events").fetchall() == []
    assert examples.execute("SELECT * FROM duplicate_deliveries").fetchall() == []


def test_the_views_show_what_the_generations_hold(examples: psycopg.Connection[Any]) -> None:
    for declared in active_projections():
        view, kept = f"public.{declared.name}", f"{declared.name}_g1.{declared.name}"
        columns = ", ".join(f'"{name}"' for name in (*declared.names, *(column.name for column in declared.derived)))
        for one, other in ((view, kept), (kept, view)):
            query = f"SELECT {columns} FROM {one} EXCEPT ALL SELECT {columns} FROM {other}"
            assert examples.execute(query.encode()).fetchall() == []


def test_webhook_events(examples: psycopg.Connection[Any]) -> None:
    assert len(table(examples, "webhook_events")) == 329
    assert table(examples, "webhook_events", "reading <> 'clean' OR repeats <> 0 OR duration_us < 0") == []
    (closed,) = table(examples, "webhook_events", "delivery_id = %(id)s", id=delivery_id(208))
    told = {
        "repository_id": HELLO_WORLD,
        "repository": "Codertocat/Hello-World",
        "hook_id": 1,
        "source": "webhook",
        "event_type": "pull_request",
        "action": "closed",
        "pr_number": 2,
        "sender": "Codertocat",
        "sender_id": CODERTOCAT,
        "sender_type": "User",
        "event_at": utc("2019-05-15T15:21:18"),
        "body_bytes": len(bodies()[208][1]),
        "reading": "clean",
        "error_message": None,
    }
    assert closed.items() >= told.items()
    assert closed["received_at"] <= closed["processed_at"]
    (check,) = table(examples, "webhook_events", "delivery_id = %(id)s", id=delivery_id(11))
    assert (check["pr_number"], check["event_at"]) == (26764, utc("2020-12-03T18:27:27"))
    (comment,) = table(examples, "webhook_events", "delivery_id = %(id)s", id=delivery_id(238))
    assert (comment["event_type"], comment["event_at"]) == ("pull_request_review_comment", utc("2019-05-15T15:20:37"))


def test_repositories(examples: psycopg.Connection[Any]) -> None:
    assert len(table(examples, "repositories")) == 19
    assert table(examples, "repositories", "repository_id = 280886604") == [
        {
            "repository_id": 280886604,
            "full_name": "octo-org/octo-repo",
            "default_branch": "master",
            "html_url": "https://github.com/octo-org/octo-repo",
            "private": True,
            "archived": False,
            "created_at": utc("2020-07-19T14:48:35"),
        }
    ]
    (name,) = table(examples, "repository_names", "repository_id = 280886604")
    assert name["first_seen_at"] == name["last_seen_at"] == utc("2022-04-01T09:37:36")


def test_actors(examples: psycopg.Connection[Any]) -> None:
    bots = table(examples, "actors", "type = 'Bot'")
    assert [(bot["actor_id"], bot["login"]) for bot in bots] == [
        (29139614, "renovate[bot]"),
        (49795351, "octocoders-linter[bot]"),
    ]
    # Codertocat until 2019, octocat in 2022: the same account under the name that was told last.
    assert table(examples, "actors", "actor_id = 21031067") == [
        {"actor_id": CODERTOCAT, "login": "octocat", "type": "User"}
    ]


UPDATED_README = {
    "repository_id": HELLO_WORLD,
    "number": 2,
    "pull_request_id": 279147437,
    "title": "Update the README with new information.",
    "state": "closed",
    "draft": False,
    "author": "Codertocat",
    "author_id": CODERTOCAT,
    "author_type": "User",
    "author_association": "OWNER",
    "created_at": utc("2019-05-15T15:20:33"),
    "updated_at": utc("2019-05-15T15:21:18"),
    "closed_at": utc("2019-05-15T15:21:18"),
    "merged_at": None,
    "merged": False,
    "merge_commit_sha": None,
    "merged_by": None,
    "merged_by_id": None,
    "opened_as_draft": False,
    "first_ready_at": utc("2019-05-15T15:21:18"),
    "first_seen_ready_at": utc("2019-05-15T15:20:33"),
    "ready_at": utc("2019-05-15T15:20:33"),
    "draft_history_known": True,
    "head_ref": "changes",
    "head_sha": HEAD,
    "head_repository_id": HELLO_WORLD,
    "base_ref": "master",
    "base_sha": BASE,
    "labels": ["bug"],
    "requested_reviewers": ["octocat"],
    "requested_teams": [],
    "html_url": "https://github.com/Codertocat/Hello-World/pull/2",
    "additions": 1,
    "deletions": 1,
    "size": 2,
    "changed_files": 1,
    "commits": 1,
}
"""Closed, reopened, drafted and readied within one second: closed wins."""

ISSUE_COMMENT = {
    "repository_id": 280886604,
    "number": 118,
    "pull_request_id": 873298238,
    "title": "Create issue-comment",
    "state": "open",
    "draft": False,
    "author": "octocat",
    "author_id": CODERTOCAT,
    "author_type": "User",
    "author_association": "CONTRIBUTOR",
    "created_at": utc("2022-03-07T16:14:34"),
    "updated_at": utc("2022-03-21T09:21:38"),
    "closed_at": None,
    "merged_at": None,
    "merged": False,
    "merge_commit_sha": None,
    "merged_by": None,
    "merged_by_id": None,
    "opened_as_draft": None,
    "first_ready_at": None,
    "first_seen_ready_at": utc("2022-03-21T09:21:38"),
    "ready_at": utc("2022-03-07T16:14:34"),
    "draft_history_known": False,
    "head_ref": "issue-comment",
    "head_sha": "14ae1f988d344e6b4f97f6153fb0287dcda335bf",
    "head_repository_id": 280886604,
    "base_ref": "master",
    "base_sha": "fcaaddec44575a657bf81b049208b2ce139da3ca",
    "labels": [],
    "requested_reviewers": [],
    "requested_teams": [],
    "html_url": "https://github.com/octo-org/octo-repo/pull/118",
    "additions": None,
    "deletions": None,
    "size": None,
    "changed_files": None,
    "commits": None,
}
"""Known from a review thread alone, which carries the simple form."""

DRAFTED = UPDATED_README | {
    "state": "open",
    "draft": True,
    "closed_at": None,
    "opened_as_draft": None,
    "first_ready_at": None,
    "first_seen_ready_at": None,
    "draft_history_known": False,
}
"""The example `converted_to_draft` by itself."""

MERGED = UPDATED_README | {
    "merged": True,
    "merged_at": utc("2019-05-15T15:21:18"),
    "merged_by": "octocat",
    "merged_by_id": 5346,
    "merge_commit_sha": "c4295bd74fb0f4fda03689c3df3f2803b658fd85",
    "opened_as_draft": None,
    "first_ready_at": None,
    "first_seen_ready_at": utc("2019-05-15T15:21:18"),
    "draft_history_known": False,
}
"""The example `closed` by itself, merged, which none of the examples is."""


def test_pull_requests(examples: psycopg.Connection[Any]) -> None:
    assert table(examples, "pull_requests") == [UPDATED_README, ISSUE_COMMENT]


@pytest.mark.parametrize(
    ("example", "changed", "expected"),
    [
        (210, {}, DRAFTED),
        (
            208,
            {
                "merged": True,
                "merged_at": "2019-05-15T15:21:18Z",
                "merged_by": {"login": "octocat", "id": 5346, "type": "User"},
            },
            MERGED,
        ),
    ],
    ids=["draft", "merged"],
)
def test_one_pull_request_by_itself(
    database: str, example: int, changed: dict[str, Any], expected: dict[str, Any]
) -> None:
    event_type, payload = example_payloads()[example]
    payload = {**payload, "pull_request": {**payload["pull_request"], **changed}}
    with running(database) as service:
        assert deliver(service, example, event_type, orjson.dumps(payload)) == 200
        service.get("/api/metrics/webhooks", min_position=1)
    with psycopg.connect(database, row_factory=dict_row, options="-c timezone=UTC") as connection:
        assert table(connection, "pull_requests") == [expected]


def test_pr_events(examples: psycopg.Connection[Any]) -> None:
    told = table(examples, "pr_events")
    assert Counter(row["event_type"] for row in told) == {
        "pull_request": 29,
        "pull_request_review": 4,
        "pull_request_review_comment": 5,
        "pull_request_review_thread": 3,
    }
    by_id = {row.pop("delivery_id"): row for row in told}
    labeled = by_id[delivery_id(213)]
    assert labeled.pop("position") > 0
    assert labeled.pop("body_hash") is not None
    assert labeled == {
        "repository_id": HELLO_WORLD,
        "number": 2,
        "at": utc("2019-05-15T15:20:35"),
        "event_type": "pull_request",
        "action": "labeled",
        "actor": "Codertocat",
        "actor_id": CODERTOCAT,
        "actor_type": "User",
        "label": "bug",
        "requested_reviewer": None,
        "requested_team": None,
        **dict.fromkeys(("requested_team_name", "assignee", "milestone", "changed", "previous_title")),
        "opened_at": utc("2019-05-15T15:20:33"),
        "merged_at": None,
        "review_id": None,
        "review_state": None,
        "comment_id": None,
        "thread_id": None,
        "draft": False,
        "before_sha": None,
        "head_sha": HEAD,
    }
    assert by_id[delivery_id(226)]["requested_reviewer"] == "octocat"
    dismissed = by_id[delivery_id(235)]
    assert (dismissed["review_id"], dismissed["review_state"]) == (237895671, "dismissed")
    assert by_id[delivery_id(238)]["comment_id"] == 284312630
    resolved = by_id[delivery_id(243)]
    assert (resolved["thread_id"], resolved["at"]) == ("PRRT_kwDOEL39TM4w7XDQ", utc("2022-03-07T16:16:58"))


def test_pr_reviews(examples: psycopg.Connection[Any]) -> None:
    """Submitted as a comment, then dismissed: the state is the submission's."""
    assert table(examples, "pr_reviews") == [
        {
            "repository_id": HELLO_WORLD,
            "review_id": 237895671,
            "number": 2,
            "state": "commented",
            "submitted_at": utc("2019-05-15T15:20:38"),
            "dismissed_at": utc("2019-05-15T15:20:38"),
            "dismissed_by": "Codertocat",
            "reviewer": "Codertocat",
            "reviewer_id": CODERTOCAT,
            "reviewer_type": "User",
            "person": "codertocat",
            "body": None,
            "html_url": "https://github.com/Codertocat/Hello-World/pull/2#pullrequestreview-237895671",
            "commit_id": HEAD,
        }
    ]


def test_pr_labels(examples: psycopg.Connection[Any]) -> None:
    about = {"repository_id": HELLO_WORLD, "number": 2, "label": "bug"}
    by = {"actor": "Codertocat", "actor_id": CODERTOCAT}
    assert table(examples, "pr_labels") == [
        {**about, "at": utc("2019-05-15T15:20:35"), "added": True, **by},
        {**about, "at": utc("2019-05-15T15:20:36"), "added": False, **by},
    ]
    assert table(examples, "pr_label_sightings") == [
        {
            **about,
            "first_seen_at": utc("2019-05-15T15:20:33"),
            "first_added_at": utc("2019-05-15T15:20:35"),
            "first_removed_at": utc("2019-05-15T15:20:36"),
            "last_seen_at": utc("2019-05-15T15:21:18"),
            "last_added_at": utc("2019-05-15T15:20:35"),
            "last_removed_at": utc("2019-05-15T15:20:36"),
            "carried_once": False,
        }
    ]


LINTER = {
    "repository_id": HELLO_WORLD,
    "check_run_id": 128620228,
    "name": "Octocoders-linter",
    "head_sha": HEAD,
    "head_branch": "changes",
    "check_suite_id": 118578147,
    "app_id": 29310,
    "app": "github-actions",
    "pr_number": 2,
    "started_at": utc("2019-05-15T15:21:12"),
    "completed_at": utc("2019-05-15T15:21:12"),
}
RANDSCAPE = {
    "repository_id": 526,
    "check_run_id": 4,
    "name": "randscape",
    "head_sha": "d6fde92930d4715a2b49857d24b940956b26d2d3",
    "head_branch": "master",
    "check_suite_id": 5,
    "app_id": 2,
    "app": None,
    "pr_number": None,
    "started_at": utc("2018-05-04T01:14:52"),
    "completed_at": utc("2018-05-04T01:14:52"),
    "conclusion": "neutral",
}


def test_check_runs(examples: psycopg.Connection[Any]) -> None:
    randscape, review, linter = table(examples, "check_runs")
    assert randscape == RANDSCAPE | {"status": "completed", "html_url": "http://github.com/github/hello-world/runs/4"}
    assert review == {
        "repository_id": 9384267,
        "check_run_id": 1494503112,
        "name": "API Review",
        "head_sha": "5bd5f196a46b8222fb7484f05faba41a73cf34bd",
        "head_branch": "miniak/event-process-id",
        "check_suite_id": 1604239627,
        "app_id": 25811,
        "app": "electron-cation",
        "pr_number": 26764,
        "status": "in_progress",
        "conclusion": None,
        "started_at": utc("2020-12-03T18:27:27"),
        "completed_at": None,
        "html_url": "https://github.com/electron/electron/runs/1494503112",
    }
    # Three examples complete this run in the same second, one with a failure: the body's hash decides.
    conclusion = linter.pop("conclusion")
    assert conclusion in ("success", "failure")
    url = "https://github.com/Codertocat/Hello-World/runs/128620228"
    assert linter == LINTER | {"status": "completed", "html_url": url}
    assert table(examples, "check_run_attempts") == [RANDSCAPE, LINTER | {"conclusion": conclusion}]


def test_workflow_jobs(examples: psycopg.Connection[Any]) -> None:
    by_id = {row.pop("job_id"): row for row in table(examples, "workflow_jobs")}
    assert sorted(by_id) == [289782451, 2832853555, 12877621891, 14541957942]
    assert by_id[14541957942] == {
        "repository_id": 445650657,
        "run_id": 5373506832,
        "run_attempt": 1,
        "name": "Do examples need to be regenerated?",
        "workflow_name": "Test",
        "head_sha": "eeeb91cc89453bff9ce51f450d8badd4eb41ae8b",
        "head_branch": "renovate/got-13.x",
        "created_at": utc("2023-06-26T03:31:29"),
        "started_at": utc("2023-06-26T03:31:36"),
        "completed_at": None,
        "status": "in_progress",
        "conclusion": None,
        "labels": ["ubuntu-latest"],
        "runner_name": "GitHub Actions 6",
        "runner_group_name": "GitHub Actions",
        "html_url": "https://github.com/wolfy1339/github-events-schemas/actions/runs/5373506832/jobs/9747952373",
        "wait_seconds": 7.0,
        "run_seconds": None,
    }
    waiting = by_id[12877621891]
    assert (waiting["status"], waiting["created_at"]) == ("waiting", utc("2023-04-19T21:12:12"))
    assert (waiting["started_at"], waiting["labels"]) == (None, ["self-hosted", "k8s"])
    # Queued and in progress in one second of September, completed in August: GitHub's examples reuse the id.
    job = by_id[289782451]
    assert (job["status"], job["created_at"]) == ("in_progress", utc("2021-08-05T10:33:58"))


def test_event_counts(examples: psycopg.Connection[Any]) -> None:
    counted: Counter[tuple[int, str]] = Counter()
    for row in table(examples, "event_counts"):
        assert (row["tolerant"], row["unreadable"]) == (0, 0)
        counted[row["repository_id"], row["event_type"]] += row["events"]
    assert len(counted) == 76
    assert counted.total() == 329
    assert counted[HELLO_WORLD, "pull_request"] == 29
    assert counted[HELLO_WORLD, "issues"] == 28
    assert counted[HELLO_WORLD, "check_suite"] == 9
    assert sum(events for (repository, _), events in counted.items() if repository == HELLO_WORLD) == 219
    assert sum(events for (repository, _), events in counted.items() if repository == 0) == 49
