"""pull_requests: one row for each pull request, as GitHub last told it.

The author outlives the account: a payload without a user (a ghost) does not take the name away. What a
payload does not carry it does not overwrite: the simple form inside reviews and comments has no sizes, and sometimes
no draft flag.
"""

from collections.abc import Iterator

from sqlalchemy import BigInteger, Boolean, Column, Computed, Index, text
from sqlalchemy.dialects.postgresql import ARRAY

from projections.event_times import event_time, pull_request_version
from projections.facts import Moment, String, descending, login, moments, strings
from projections.payload import Payload, PullRequest
from replay.event import Event
from replay.merges import Row, earliest, key, latest, once, smallest
from replay.projection import Projection
from replay.version import version

EVENTS = frozenset({"pull_request", "pull_request_review", "pull_request_review_comment", "pull_request_review_thread"})
"""The events whose payload carries a pull request."""


def pull_request_rows(event: Event[Payload]) -> Iterator[Row]:
    pull = event.payload.pull_request if event.payload is not None else None
    if pull is None or pull.number is None or not event.repository_id:
        return
    told = pull_request_version(event, pull)
    row: Row = {
        "repository_id": event.repository_id,
        "number": pull.number,
        "pull_request_id": pull.id,
        "created_at": pull.created_at,
    }
    if pull.state is not None:
        row |= {"details_version": told, **_details(pull)}
    if pull.draft is not None:
        row |= {"draft_version": told, "draft": pull.draft}
    if pull.user is not None and pull.user.login is not None:
        row |= {
            "author_version": told,
            "author": pull.user.login,
            "author_id": pull.user.id,
            "author_type": pull.user.type,
        }
    if pull.additions is not None and pull.deletions is not None:
        row |= {
            "size_version": told,
            "additions": pull.additions,
            "deletions": pull.deletions,
            "changed_files": pull.changed_files,
            "commits": pull.commits,
        }
    if pull.merged_at is not None:
        row |= {"merged_at": pull.merged_at, "merge_commit_sha": pull.merge_commit_sha}
        if pull.merged_by is not None:
            row |= {"merger_version": told, "merged_by": login(pull.merged_by), "merged_by_id": pull.merged_by.id}
    yield row | _drafts(event, pull)


def _details(pull: PullRequest) -> Row:
    head, base = pull.head, pull.base
    return {
        "title": pull.title,
        "state": pull.state,
        "author_association": pull.author_association,
        "closed_at": pull.closed_at,
        "updated_at": pull.updated_at,
        "head_ref": head.ref if head is not None else None,
        "head_sha": head.sha if head is not None else None,
        "head_repository_id": head.repo.id if head is not None and head.repo is not None else None,
        "base_ref": base.ref if base is not None else None,
        "base_sha": base.sha if base is not None else None,
        "labels": [label.name for label in pull.labels or () if label.name is not None],
        "requested_reviewers": [login(user) for user in pull.requested_reviewers or ()],
        "requested_teams": [team.slug for team in pull.requested_teams or () if team.slug is not None],
        "html_url": pull.html_url,
    }


def _drafts(event: Event[Payload], pull: PullRequest) -> Row:
    """What decides ready_at: whether it was opened as a draft, when it first became ready, and, as that may have been
    missed, by when another payload says that it is no draft.
    """
    action = event.payload.action if event.event_type == "pull_request" and event.payload is not None else None
    match action:
        case "opened":
            return {"opened_as_draft": pull.draft or False, **_seen_ready(event, pull)}
        case "ready_for_review":
            return {"first_ready_at": event_time(event)}
    return _seen_ready(event, pull)


def _seen_ready(event: Event[Payload], pull: PullRequest) -> Row:
    """By the payload's own time; of one that is merged, by the merge at the latest."""
    if pull.draft is not False or pull.updated_at is None:
        return {}
    at = pull.updated_at if pull.merged_at is None else min(pull.updated_at, pull.merged_at)
    return {"seen_ready_version": version(at, 0, event.body_sha256), "first_seen_ready_at": at}


pull_requests = Projection(
    name="pull_requests",
    version=2,
    events=EVENTS,
    columns=(
        key(Column("repository_id", BigInteger), Column("number", BigInteger)),
        once(Column("pull_request_id", BigInteger), Column("opened_as_draft", Boolean)),
        smallest(*moments("created_at", "merged_at", "first_ready_at"), *strings("merge_commit_sha")),
        latest(
            "details",
            *strings("title", "state", "author_association", "html_url"),
            *strings("head_ref", "head_sha", "base_ref", "base_sha"),
            *moments("closed_at", "updated_at"),
            Column("head_repository_id", BigInteger),
            *(Column(name, ARRAY(String)) for name in ("labels", "requested_reviewers", "requested_teams")),
        ),
        latest("draft", Column("draft", Boolean)),
        latest("author", *strings("author", "author_type"), Column("author_id", BigInteger)),
        latest("size", *(Column(name, BigInteger) for name in ("additions", "deletions", "changed_files", "commits"))),
        earliest("seen_ready", *moments("first_seen_ready_at")),
        earliest("merger", *strings("merged_by"), Column("merged_by_id", BigInteger)),
    ),
    derived=(
        Column("merged", Boolean, Computed("merged_at IS NOT NULL", persisted=True)),
        Column(
            "ready_at",
            Moment,
            Computed(
                "CASE WHEN opened_as_draft THEN coalesce(least(first_ready_at, first_seen_ready_at), merged_at)"
                " ELSE created_at END",
                persisted=True,
            ),
        ),
        Column("draft_history_known", Boolean, Computed("opened_as_draft IS NOT NULL", persisted=True)),
        Column("size", BigInteger, Computed("additions + deletions", persisted=True)),
    ),
    rows=pull_request_rows,
    indexes=(
        Index("pull_requests_created", descending("created_at")),
        Index("pull_requests_merged", "merged_at"),
        Index(
            "pull_requests_merge_commit",
            *("repository_id", "merge_commit_sha"),
            postgresql_where=text("merged_at IS NOT NULL"),
        ),
        Index("pull_requests_ready", "ready_at"),
        Index("pull_requests_open", "repository_id", "number", postgresql_where=text("state = 'open'")),
        Index("pull_requests_head", "repository_id", "head_sha"),
        Index("pull_requests_author", "author"),
        Index("pull_requests_unmerged", "closed_at", postgresql_where=text("merged_at IS NULL")),
        Index(
            "pull_requests_people",
            *("repository_id", "number"),
            postgresql_include=[
                *("author_id", "author", "author_type", "draft", "commits"),
                *("created_at", "ready_at", "merged_at", "closed_at", "merged", "draft_history_known"),
            ],
        ),
    ),
)
