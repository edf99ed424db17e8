"""The review rounds of one pull request, led back to what began and ended each. The rule is that of
projections.queries.reviewer_queries.
"""

from collections import defaultdict
from datetime import datetime
from typing import Any, NamedTuple

from replay.snapshot import Record

RULE = (
    "reviews that answered a request, or a push since that person's last review: the most of any person other than the"
    " author; each with what it answered"
)
STATES = ("approved", "changes_requested", "commented")
REMOVED, REQUESTED, REVIEWED = 0, 1, 2
ACTS = {"review_request_removed": REMOVED, "review_requested": REQUESTED}


class Act(NamedTuple):
    """A request, its withdrawal, or a review, of one person; in order of time, within a second in this order."""

    at: datetime
    kind: int
    source: Record


def most_rounds(candidates: list[Record], turns: list[Record]) -> tuple[int | None, list[Record]]:
    """How many rounds the person with the most went, of several the first by name, and their deliveries, what was
    answered before the answer. None where no person has reviewed.
    """
    pushes = sorted((one for one in turns if one["action"] == "synchronize"), key=lambda one: one["at"])
    acts = _acts(candidates, turns)
    rounds = {
        person: _rounds(sorted(of, key=lambda act: act[:2]), pushes)
        for person, of in sorted(acts.items())
        if any(act.kind == REVIEWED for act in of)
    }
    most = max(rounds.values(), key=len, default=None)
    return (None, []) if most is None else (len(most), [row for pair in most for row in pair])


def _acts(candidates: list[Record], turns: list[Record]) -> dict[str, list[Act]]:
    """By person, in lower case."""
    found: dict[str, list[Act]] = defaultdict(list)
    for one in candidates:
        reviewed = one["kind"] == "review" and one["state"] in STATES and one["at"] is not None
        if reviewed and not one["own"] and not one["bot"]:
            found[one["actor"].lower()].append(Act(one["at"], REVIEWED, one))
    for one in turns:
        if one["action"] in ACTS:
            found[one["person"]].append(Act(one["at"], ACTS[one["action"]], one))
    return found


def _rounds(acts: list[Act], pushes: list[Record]) -> list[tuple[Record, Record]]:
    """What began and what ended each round of one person."""
    found: list[tuple[Record, Record]] = []
    before: Act | None = None
    reviewed_at: datetime | None = None
    for act in acts:
        if act.kind == REVIEWED:
            begun = _begun(act, before, reviewed_at, pushes)
            if begun is not None:
                found.append((begun, act.source))
            reviewed_at = act.at
        before = act
    return found


def _begun(review: Act, before: Act | None, reviewed_at: datetime | None, pushes: list[Record]) -> Any:
    """The request just before a review, else the first push since the one before; None of neither."""
    if before is not None and before.kind == REQUESTED:
        return before.source
    if reviewed_at is None:
        return None
    return next((push for push in pushes if reviewed_at <= push["at"] <= review.at), None)
