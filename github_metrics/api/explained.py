"""The numbers of one pull request with what set each of them: the rule in words, the delivery, and what was passed over.

The values are those of projections.queries.lifecycle; here they are only led back to what they came from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from github_metrics.api import open_work, review_rounds
from github_metrics.api.candidates import fault_of, passed_over, source_of, speaks_of, turned
from projections.queries.explanation_queries import body_hash
from replay.snapshot import Record

SHOWN = 50
"""Sources, and candidates that were passed over, that are shown of one number."""
MERGE_RULE = "when it was merged, as GitHub tells it with the pull request"
FIRST_REVIEW = "the first review by a person other than the author, from ready_at on and before the merge"
APPROVAL = "the first approving review by such a person within the same bounds"
SIZES = ("additions", "deletions", "changed_files", "commits")
GHOST = "ghost"
"""As GitHub shows who has deleted the account."""
RESPONSE = "the first review or comment by a person other than the author, in the draft too"
READY = {
    None: "its opening was not seen, so it is taken to have been ready when it was opened",
    False: "it was not opened as a draft: ready when it was opened",
    True: "opened as a draft: the first ready_for_review",
}
SEEN_READY = "opened as a draft, its ready_for_review was not seen: the first payload that says it is no draft"
MERGED_DRAFT = "it was merged as a draft: when it was merged"
NEVER_READY = "it is a draft that never was ready"


@dataclass(frozen=True)
class Explained:
    """A pull request's life with what it could have been made of. `deliveries`, `candidates` and `turns`: as
    projections.queries.explanation_queries gives them. `now`: what its age is as of.
    """

    life: Record
    deliveries: list[Record]
    candidates: list[Record]
    turns: list[Record]
    now: datetime

    def boundaries(self) -> list[dict[str, Any]]:
        """Each moment in the life."""
        life = self.life
        merged = life["merged"]
        review = self._chosen("first_review_at")
        approval = self._chosen("approved_at")
        return [
            self._boundary("opened_at", life["opened_at"], "created_at of the pull request", self._fact("opened_at")),
            self._ready(),
            {
                **self._boundary("first_review_at", life["review_boundary"], FIRST_REVIEW, review),
                "imputed": merged and review is None,
                **self._passed_over("first_review_at"),
            },
            {
                **self._boundary("approved_at", life["approval_boundary"], APPROVAL, approval),
                "imputed": merged and approval is None,
                **self._passed_over("approved_at"),
            },
            self._boundary("merged_at", life["merge_boundary"], MERGE_RULE, self._fact("merged_at")),
            self._boundary("closed_at", None, "the last close; null while it is open", self._closed()),
            {
                **self._boundary("first_response_at", None, RESPONSE, self._chosen("first_response_at")),
                **self._passed_over("first_response_at"),
            },
        ]

    def _boundary(self, name: str, moved: Any, rule: str, source: Record | None) -> dict[str, Any]:
        """`moved`: the boundary after it was made monotone, where it takes part in the phases."""
        raw = self.life[name]
        value = raw if moved is None else moved
        return {
            "name": name,
            "value": value,
            "raw_value": raw,
            "clamped": raw is not None and value != raw,
            "imputed": False,
            "rule": rule,
            "source": source_of(source),
            "passed_over": [],
            "passed_over_total": 0,
        }

    def _ready(self) -> dict[str, Any]:
        life = self.life
        if not life["opened_as_draft"]:
            opened = self._fact("opened_at")
            told = self._boundary("ready_at", life["ready_boundary"], READY[life["opened_as_draft"]], opened)
            return {**told, "imputed": life["opened_as_draft"] is None}
        turns = self._transitions("ready_for_review")
        rule, source = self._became_ready(turns)
        later = [turned(turn) for turn in turns if turn["at"] != life["ready_at"]]
        return {
            **self._boundary("ready_at", life["ready_boundary"], rule, source),
            "imputed": rule in (SEEN_READY, MERGED_DRAFT),
            "passed_over": later[:SHOWN],
            "passed_over_total": len(later),
        }

    def _became_ready(self, turns: list[Record]) -> tuple[str, Record | None]:
        """Of one that was opened as a draft: the rule, and what set it."""
        ready = self.life["ready_at"]
        if ready is None:
            return NEVER_READY, None
        if ready == self.life["first_ready_at"]:
            return str(READY[True]), next((turn for turn in turns if turn["at"] == ready), None)
        if self._seen_ready():
            return SEEN_READY, self._telling("seen_ready_version")
        return MERGED_DRAFT, self._fact("merged_at")

    def _seen_ready(self) -> bool:
        """Whether it was opened as a draft and its becoming ready was missed, but told by a later payload."""
        life, ready = self.life, self.life["ready_at"]
        seen = ready not in (None, life["first_ready_at"]) and ready == life["first_seen_ready_at"]
        return seen and bool(life["opened_as_draft"])

    def _chosen(self, name: str) -> Record | None:
        """The candidate that set a boundary."""
        at = self.life[name]
        if at is None:
            return None
        return next(
            (one for one in self.candidates if one["at"] == at and fault_of(self.life, name, one) is None), None
        )

    def _passed_over(self, name: str) -> dict[str, Any]:
        """The candidates up to the one that was chosen, with what was wrong with each."""
        at = self.life[name]
        before = [one for one in self.candidates if at is None or (one["at"] is not None and one["at"] <= at)]
        faults = [(one, fault_of(self.life, name, one)) for one in before if speaks_of(name, one)]
        told = [passed_over(one, fault) for one, fault in faults if fault is not None]
        return {"passed_over": told[:SHOWN], "passed_over_total": len(told)}

    def _fact(self, name: str) -> Record | None:
        return next((row for row in self.deliveries if row["fact"] == name), None)

    def _transitions(self, *actions: str) -> list[Record]:
        return [row for row in self.deliveries if row["fact"] == "transition" and row["action"] in actions]

    def _telling(self, version: str) -> Record | None:
        """The delivery whose telling a group of columns was taken over from."""
        told = self.life[version]
        if told is None:
            return None
        hashed = body_hash(told)
        return next((row for row in self.deliveries if row["fact"] == "telling" and row["body_hash"] == hashed), None)

    def _closed(self) -> Record | None:
        return self._telling("details_version") if self.life["closed_at"] is not None else None

    def draft_history(self) -> list[dict[str, Any]]:
        """When it was a draft and when not, as far as it was told."""
        drafts = {"ready_for_review": False, "converted_to_draft": True}
        told: list[tuple[Any, bool, Record | None, bool]] = [
            (turn["at"], drafts.get(turn["action"], bool(turn["draft"])), turn, False)
            for turn in self._transitions("opened", "ready_for_review", "converted_to_draft")
        ]
        if self._seen_ready():
            seen = (self.life["ready_at"], False, self._telling("seen_ready_version"), True)
            told.insert(sum(at is not None and at < seen[0] for at, *_ in told), seen)
        return [
            {"at": at, "draft": draft, "inferred": inferred, "source": source_of(turn)}
            for at, draft, turn, inferred in told
        ]

    def facts(self) -> list[dict[str, Any]]:
        """The numbers and flags that are no times."""
        life = self.life
        size, details, author = (self._telling(f"{one}_version") for one in ("size", "details", "author"))
        bots = [one for one in self.candidates if one["kind"] == "review" and one["bot"] and not one["own"]]
        drafted = [one for one in self.candidates if fault_of(self.life, "first_review_at", one) == "during the draft"]
        opened = [turn for turn in self._transitions("opened") if turn["draft"] == life["opened_as_draft"]]
        told: list[tuple[str, Any, str, Sequence[Record | None]]] = [
            ("size", life["size"], "additions + deletions, as last told", [size]),
            *((name, life[name], "as last told", [size]) for name in SIZES),
            ("state", life["state"], "as last told", [details]),
            ("draft", life["draft"], "as last told", [self._telling("draft_version")]),
            ("author", life["author"] or GHOST, "as last told with a name; ghost: none was", [author]),
            ("opened_as_draft", life["opened_as_draft"], "as its opening told; null: not seen", opened[:1]),
            ("draft_history_known", life["draft_history_known"], "its opening was seen", opened[:1]),
            ("reopened", life["reopened"], "times at which it was reopened", self._transitions("reopened")),
            ("bot_reviews", life["bot_reviews"], "reviews by bots other than the author", bots),
            ("reviewed_in_draft", life["reviewed_in_draft"], "a person reviewed it before it was ready", drafted[:1]),
            ("merged_without_review", life["merged_without_review"], "merged, and no person had reviewed it", []),
            *self._derived(),
        ]
        return [{"name": name, "value": value, "rule": rule, "sources": _sources(of)} for name, value, rule, of in told]

    def _derived(self) -> list[tuple[str, Any, str, Sequence[Record | None]]]:
        """Those that are worked out of many deliveries, and those that are as of now."""
        life, opened = self.life, self._fact("opened_at")
        last = next((row for row in self.turns if row["fact"] == "last_activity"), None)
        rounds, of_rounds = review_rounds.most_rounds(
            self.candidates, [row for row in self.turns if row["fact"] == "turn"]
        )
        done = [] if open_work.is_open(life) else [self._telling("details_version")]
        return [
            ("review_rounds", rounds, review_rounds.RULE, of_rounds),
            ("age", open_work.age(life, self.now), open_work.AGE, [opened, *done]),
            ("last_activity_at", None if last is None else last["at"], open_work.LAST_ACTIVITY, [last]),
            ("stale", open_work.stale(life, last, self.now), open_work.STALE, [opened, last, *done]),
        ]

    def phases(self) -> list[dict[str, Any]]:
        """Seconds between two boundaries."""
        clamped = {one["name"] for one in self.boundaries() if one["clamped"]}
        return [
            {
                "name": name,
                "seconds": None if self.life[name] is None else round(self.life[name], 1),
                "begins": begins,
                "ends": ends,
                "rule": f"{ends} − {begins}{', of merged ones' if of_merged else ''}",
                "imputed": bool(imputed and self.life[imputed]),
                "clamped": of_merged and not clamped.isdisjoint((begins, ends)),
            }
            for name, begins, ends, imputed, of_merged in PHASES
        ]


def _sources(rows: Sequence[Record | None]) -> list[dict[str, Any]]:
    """The deliveries of rows, as far as they are known: what only a second body under a known id told has none."""
    known = (source for source in map(source_of, rows) if source is not None)
    return list(islice(known, SHOWN))


PHASES = (
    ("draft_time", "opened_at", "ready_at", None, True),
    ("pickup_time", "ready_at", "first_review_at", "pickup_imputed", True),
    ("review_time", "first_review_at", "approved_at", "review_imputed", True),
    ("merge_time", "approved_at", "merged_at", "merge_imputed", True),
    ("cycle_time", "opened_at", "merged_at", None, True),
    ("publish_to_merge", "ready_at", "merged_at", None, True),
    ("time_to_first_review", "ready_at", "first_review_at", None, False),
    ("time_to_approval", "ready_at", "approved_at", None, False),
    ("time_to_first_response", "opened_at", "first_response_at", None, False),
)
"""Name, begin, end, the column that says whether it is imputed, whether it is one of merged pull requests: those use
the boundaries after clamping, the others the raw ones.
"""
