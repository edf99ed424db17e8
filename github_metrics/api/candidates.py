"""The reviews, comments and labels that could have set a moment in a pull request's life, and what was wrong with those
that did not. The rules are those of projections.queries.lifecycle.
"""

from datetime import datetime
from typing import Any

from replay.snapshot import Record

SPEAK_OF = {"first_review_at": ("review",), "approved_at": ("review", "label")}
"""The kinds that are told of where a moment was set or could have been; of other moments: reviews and comments."""


def speaks_of(name: str, one: Record) -> bool:
    """Whether a candidate is told of with the moment of this name."""
    return one["kind"] in SPEAK_OF.get(name, ("review", "comment"))


def fault_of(life: Record, name: str, one: Record) -> str | None:
    """Why a candidate cannot set the moment of this name; None if it can."""
    if not speaks_of(name, one):
        return "of another kind"
    fault, at = _fault_of_anything(one, life["opened_at"]), one["at"]
    if fault is not None or name == "first_response_at":
        return fault
    if life["ready_at"] is None or at < life["ready_at"]:
        return "during the draft"
    if life["merged_at"] is not None and at >= life["merged_at"]:
        return "not before the merge"
    if name == "approved_at" and one["state"] != "approved":
        return f"does not approve: {one['state'] or 'state not known'}"
    return None


def _fault_of_anything(one: Record, opened_at: datetime | None) -> str | None:
    """Why a candidate can set no boundary at all."""
    if one["at"] is None:
        return "its time was not told"
    if one["kind"] == "label":
        return "a label ends no phase"
    if one["own"]:
        return "the author's own"
    if one["bot"]:
        return "by a bot"
    if opened_at is None or one["at"] < opened_at:
        return "before the pull request was opened"
    return None


def source_of(row: Record | None) -> dict[str, Any] | None:
    """The delivery that a row came from; None where it is not known."""
    if row is None or row["position"] is None:
        return None
    return {name: row[name] for name in ("delivery_id", "position", "event_type", "action")}


def passed_over(one: Record, fault: str) -> dict[str, Any]:
    """A candidate that did not set a moment, and why."""
    return {**{name: one[name] for name in ("kind", "at", "actor", "state")}, "reason": fault, "source": source_of(one)}


def turned(turn: Record) -> dict[str, Any]:
    """A later ready_for_review, as one that was passed over."""
    told = {"kind": "ready_for_review", "at": turn["at"], "actor": None, "state": None}
    return {**told, "reason": "not the first", "source": source_of(turn)}
