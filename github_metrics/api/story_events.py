"""Events of a story in words: what each was, from a row of what happened."""

from collections.abc import Callable
from typing import Any

from projections.queries.verified import says_verified
from replay.snapshot import Record

SECONDS = 3600.0
UNSAID = "somebody"


def event_fields(row: Record, checks: list[Record], prefixes: tuple[str, str]) -> dict[str, Any]:
    """The fields of a StoryEvent. `checks`: of the push, where the event is one of checks. `prefixes`: of labels that
    approve and of those that say LGTM.
    """
    match row["kind"]:
        case "checks":
            return _checks(row, checks)
        case "deployment" | "deployment_status":
            return _deployment(row)
        case "seen_ready":
            return {**SEEN_READY, "timestamp": row["at"]}
    name = _name(row, prefixes)
    describe = DESCRIPTIONS.get(name, _other)
    told = {name: row[column] for name, column in _SUBJECTS.items() if row[column] is not None}
    fields = {
        "event_type": name,
        "timestamp": row["at"],
        "description": describe(row),
        **{name: row[name] for name in ("actor", "delivery_id", "position")},
        **told,
    }
    if row["body"]:
        fields |= {"body": row["body"], "truncated": row["truncated"]}
    if name in COMMITS:
        fields["commit"] = row["head_sha"]
    if name == "thread_resolved" and row["resolution_seconds"] is not None:
        fields["resolution_time_hours"] = round(row["resolution_seconds"] / SECONDS, 2)
    return fields


SEEN_READY = {
    "event_type": "ready_for_review",
    "description": "is ready for review by now; when it became so was not seen",
    "inferred": True,
}
COMMITS = frozenset({"pr_opened", "commit"})
"""The events that bring a commit which is checked."""
_SUBJECTS = {
    "label": "label",
    "reviewer": "requested_reviewer",
    "team": "requested_team",
    "assignee": "assignee",
    "milestone": "milestone",
    "path": "path",
    "url": "url",
}


def _name(row: Record, prefixes: tuple[str, str]) -> str:
    """What a delivery is called in a story."""
    action = row["action"] or row["event_type"]
    match row["event_type"]:
        case "pull_request":
            return _pull_request(row, action, prefixes)
        case "pull_request_review" if action == "submitted":
            return _REVIEWS.get(row["submitted_state"] or row["review_state"], "review_comment")
        case "pull_request_review":
            return f"review_{action}"
        case "pull_request_review_comment":
            return "code_comment" if action == "created" else f"code_comment_{action}"
        case "issue_comment":
            return "comment" if action == "created" else f"comment_{action}"
        case "pull_request_review_thread":
            return f"thread_{action}"
    return str(action)


_REVIEWS = {"approved": "review_approved", "changes_requested": "review_changes"}
_PULL_REQUESTS = {
    "opened": "pr_opened",
    "reopened": "pr_reopened",
    "edited": "pr_edited",
    "synchronize": "commit",
    "unlabeled": "label_removed",
}


def _pull_request(row: Record, action: str, prefixes: tuple[str, str]) -> str:
    if action == "closed":
        return "pr_merged" if row["merged_at"] is not None else "pr_closed"
    if action == "labeled":
        return _label(row["label"] or "", prefixes)
    return _PULL_REQUESTS.get(action, action)


def _label(label: str, prefixes: tuple[str, str]) -> str:
    approval, lgtm = prefixes
    if says_verified(label):
        return "verified"
    if approval and label.startswith(approval) and label != approval:
        return "approved_label"
    if lgtm and label.startswith(lgtm) and label != lgtm:
        return "lgtm"
    return "label_added"


def _checks(row: Record, checks: list[Record]) -> dict[str, Any]:
    failed = f", {row['failed']} failed" if row["failed"] else ""
    return {
        "event_type": "check_run",
        "timestamp": row["at"],
        "description": f"{_count(row['checks'], 'check')} of {_short(row['sha'])}{failed}",
        "commit": row["sha"],
        "children_total": row["checks"],
        "truncated": row["checks"] > len(checks),
        "children": [_check(check) for check in checks],
    }


def _check(check: Record) -> dict[str, Any]:
    names = ("kind", "name", "app", "conclusion", "status", "attempt", "started_at", "completed_at")
    return {**{name: check[name] for name in names}, "timestamp": check["at"], "failed": bool(check["failed"])}


def _deployment(row: Record) -> dict[str, Any]:
    environment = row["environment"] or "an environment without a name"
    if row["kind"] == "deployment":
        told = f"{row['creator'] or UNSAID} deployed {_short(row['sha'])} to {environment}"
    else:
        told = f"Deployment to {environment}: {row['deployment_state']}"
    return {
        "event_type": row["kind"],
        "timestamp": row["at"],
        "description": told,
        "commit": row["sha"],
        "environment": row["environment"],
        **({"state": row["deployment_state"]} if row["kind"] == "deployment_status" else {}),
    }


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _short(sha: str | None) -> str:
    return sha[:7] if sha else "a commit"


def _asked_of(row: Record) -> str:
    if row["requested_team"] is not None:
        return f"team {row['requested_team_name'] or row['requested_team']}"
    return row["requested_reviewer"] or UNSAID


def _requested(row: Record) -> str:
    return f"{row['actor']} asked {_asked_of(row)} for a review"


def _request_removed(row: Record) -> str:
    return f"{row['actor']} no longer asks {_asked_of(row)} for a review"


def _edited(row: Record) -> str:
    if row["previous_title"] is not None:
        return f"{row['actor']} changed the title from “{row['previous_title']}”"
    return f"{row['actor']} edited the {(row['changed'] or 'pull request').replace(', ', ' and ')}"


def _pushed(row: Record) -> str:
    return f"{row['actor']} pushed {_short(row['head_sha'])}"


def _opened(row: Record) -> str:
    return f"{row['actor']} opened the pull request" + (" as a draft" if row["draft"] else "")


def _did(what: str, column: str | None = None) -> Callable[[Record], str]:
    """A description of what the actor did, ending in a column of the row."""

    def described(row: Record) -> str:
        to = "" if column is None else f" {row[column] or 'something without a name'}"
        return f"{row['actor']} {what}{to}"

    return described


def _other(row: Record) -> str:
    return f"{row['actor']}: {row['event_type']} {row['action'] or ''}".rstrip()


DESCRIPTIONS: dict[str, Callable[[Record], str]] = {
    "pr_opened": _opened,
    "pr_closed": _did("closed the pull request"),
    "pr_merged": _did("merged the pull request"),
    "pr_reopened": _did("reopened the pull request"),
    "pr_edited": _edited,
    "commit": _pushed,
    "ready_for_review": _did("marked it ready for review"),
    "converted_to_draft": _did("converted it to a draft"),
    "review_requested": _requested,
    "review_request_removed": _request_removed,
    "verified": _did("added the label", "label"),
    "approved_label": _did("added the label", "label"),
    "lgtm": _did("added the label", "label"),
    "label_added": _did("added the label", "label"),
    "label_removed": _did("removed the label", "label"),
    "assigned": _did("assigned", "assignee"),
    "unassigned": _did("unassigned", "assignee"),
    "milestoned": _did("added it to the milestone", "milestone"),
    "demilestoned": _did("took it out of the milestone", "milestone"),
    "review_approved": _did("approved"),
    "review_changes": _did("requested changes"),
    "review_comment": _did("reviewed"),
    "review_edited": _did("edited a review"),
    "review_dismissed": _did("dismissed a review of", "reviewer"),
    "comment": _did("commented"),
    "comment_edited": _did("edited a comment"),
    "comment_deleted": _did("deleted a comment"),
    "code_comment": _did("commented on", "path"),
    "code_comment_edited": _did("edited a comment on", "path"),
    "code_comment_deleted": _did("deleted a comment on", "path"),
    "thread_resolved": _did("resolved a thread on", "path"),
    "thread_unresolved": _did("reopened a thread on", "path"),
}
