"""A history written by hand, small enough to be worked out on paper: what happened, as a table, and GitHub's deliveries
of it. tests/test_golden.py has the answers.

Each line of HISTORY is one delivery. `#` begins a remark. `twice`: delivered again under another id. `late`: delivered
after everything else. Clocks are of March 2026, in UTC; 2 March is a Monday.
"""

import copy
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

HISTORY = """
# day clock | event                      | of     | by      | with

# app#1 of ann: two sig labels, a bot that reviews first, the author's own review, a comment review, an approval.
2 09:00 | opened                        | app#1  | ann     | labels=sig-web,sig-core additions=30 deletions=10 commits=2
2 09:02 | review_requested              | app#1  | ann     | reviewer=bob
2 09:10 | review 11 commented           | app#1  | ci[bot] |
2 09:20 | review 12 commented           | app#1  | ann     |
2 10:00 | review 13 commented           | app#1  | cat     | twice
2 10:05 | review_comment 101            | app#1  | cat     |
2 10:25 | review_comment 102 re 101     | app#1  | ann     |
2 10:45 | resolved 101                  | app#1  | ann     |
2 10:50 | unresolved 101                | app#1  | cat     |
2 11:00 | review 14 approved            | app#1  | bob     |
2 11:00 | review_comment 103            | app#1  | bob     |
2 11:30 | resolved 103                  | app#1  | ann     |
2 12:00 | merged                        | app#1  | ann     | twice

# lib#1 of bob: the same number in another repository; draft, ready, draft again, ready; reviewed while a draft;
# an approval that is dismissed.
2 09:00 | opened                        | lib#1  | bob     | draft labels=sig-core additions=5 deletions=4
2 09:30 | review 21 commented           | lib#1  | cat     |
2 10:00 | ready_for_review              | lib#1  | bob     |
2 10:30 | converted_to_draft            | lib#1  | bob     |
2 11:00 | ready_for_review              | lib#1  | bob     |
2 12:00 | review 22 approved            | lib#1  | cat     |
2 12:30 | dismissed 22                  | lib#1  | bob     |
2 14:00 | merged                        | lib#1  | bob     |

# app#2 of cat: closed, reopened, merged without a review.
3 10:00 | opened                        | app#2  | cat     | additions=600 deletions=0
3 11:00 | closed                        | app#2  | cat     | late
3 12:00 | reopened                      | app#2  | cat     |
3 15:00 | merged                        | app#2  | ann     |

# app#3 of a deleted account: closed unmerged.
3 09:00 | opened                        | app#3  | ghost   |
3 10:00 | closed                        | app#3  | ann     |

# app#4 of dan: opened before the webhook existed, on 20 February; first seen in a review, which is then edited;
# approved by a label.
9 09:00 | review 41 changes_requested   | app#4  | bob     | created=2026-02-20T09:00:00Z
9 09:30 | edited 41                     | app#4  | bob     |
9 10:00 | labeled approved-cat          | app#4  | cat     |
9 13:00 | merged                        | app#4  | ann     |

# app#5 of dan: still open. Asked of cat, taken back, and asked again; a request that is pending.
9 09:00 | opened                        | app#5  | dan     | additions=100 deletions=0
9 09:10 | review_requested              | app#5  | dan     | reviewer=cat
9 09:20 | review_request_removed        | app#5  | dan     | reviewer=cat
9 09:30 | review_requested              | app#5  | dan     | reviewer=cat
9 10:30 | review 51 commented           | app#5  | cat     |
9 10:40 | review_requested              | app#5  | dan     | reviewer=bob

# app#6 from a fork: its checks name no pull request.
9 08:00 | opened                        | app#6  | eve     | head=f6 fork

# Checks. build failed on a1 and was run again: flaky. lint was skipped. On f6 build took two minutes.
2 09:05 | check 1 build queued          | app@a1 | ci[bot] | suite=1 pr=1
2 09:10 | check 1 build failure         | app@a1 | ci[bot] | suite=1 pr=1 started=09:05
2 09:24 | check 2 build success         | app@a1 | ci[bot] | suite=1 pr=1 started=09:20 twice
2 09:06 | check 3 lint skipped          | app@a1 | ci[bot] | suite=1 pr=1 started=09:06
9 08:07 | check 4 build success         | app@f6 | ci[bot] | suite=2 started=08:05

# A job of a1 waited a minute and ran 19. A deployment of m1, what app#1 was merged as: it failed, and one of the same
# commit succeeded an hour later.
2 09:24 | job 71 build success          | app@a1 | ci[bot] | created=09:04 started=09:05
4 10:00 | deployed 81                   | app@m1 | ann     |
4 10:10 | deployment 81 failure         | app@m1 | ann     |
4 11:00 | deployed 82                   | app@m1 | ann     |
4 11:10 | deployment 82 success         | app@m1 | ann     |

# The repository app was called octo/old until 5 March.
5 12:00 | renamed                       | app    | ann     |
"""
RENAMED = (5, "12:00")
REPOSITORIES = {"app": 1, "lib": 2}
IDS = {"ann": 11, "bob": 12, "cat": 13, "dan": 14, "eve": 15, "ci[bot]": 16}
Json = dict[str, Any]


@dataclass(frozen=True)
class Line:
    """One line of HISTORY."""

    day: int
    clock: str
    words: list[str]
    of: str
    by: str
    given: dict[str, str]
    flags: frozenset[str]

    @property
    def at(self) -> str:
        return f"2026-03-{self.day:02}T{self.clock}:00Z"


def lines() -> Iterator[Line]:
    """What happened, in its order."""
    read = []
    for text in HISTORY.splitlines():
        if text.strip() and not text.startswith("#"):
            when, event, of, by, told = (part.strip() for part in text.split("|"))
            day, clock = when.split()
            given = dict(word.split("=", 1) for word in told.split() if "=" in word)
            flags = frozenset(word for word in told.split() if "=" not in word)
            read.append(Line(int(day), clock, event.split(), of, by, given, flags))
    return iter(sorted(read, key=lambda line: line.at))


def deliveries() -> list[tuple[uuid.UUID, str, bytes]]:
    """As they come: id, type of the event, body. Some come twice, some late."""
    github, on_time, late = GitHub(), [], []
    for number, line in enumerate(lines(), start=1):
        kind, payload = github.told(line)
        body = json.dumps(payload).encode()
        (late if "late" in line.flags else on_time).append((uuid.UUID(int=number), kind, body))
        if "twice" in line.flags:
            late.append((uuid.UUID(int=1000 + number), kind, body))
    return on_time + late


def user(login: str) -> Json | None:
    if login == "ghost":
        return None
    return {"id": IDS[login], "login": login, "type": "Bot" if login.endswith("[bot]") else "User"}


class GitHub:
    """What GitHub knows of the pull requests, in order to tell of them as it does: whole, as they are at that time."""

    def __init__(self) -> None:
        self.pulls: dict[str, Json] = {}
        self.reviews: dict[int, Json] = {}
        self.comments: dict[int, Json] = {}

    def told(self, line: Line) -> tuple[str, Json]:
        """The type of the event and its payload."""
        payload: Json = {"repository": _repository(line), "sender": user(line.by if line.by != "ghost" else "ann")}
        word = line.words[0]
        if word == "renamed":
            return "repository", {**payload, "action": "renamed"}
        if word in OTHERS:
            kind, tell = OTHERS[word]
            return kind, {**payload, **tell(line)}
        pull = self.pulls.setdefault(line.of, _opened(line, len(self.pulls)))
        pull["updated_at"] = line.at
        kind, told = getattr(self, f"_{word}", self._changed)(line, pull)
        simple = kind.startswith("pull_request_")
        return kind, {**payload, **told, "pull_request": _shown(pull, simple=simple), "number": pull["number"]}

    def _changed(self, line: Line, pull: Json) -> tuple[str, Json]:
        """An event of the pull request itself."""
        action = line.words[0]
        changes: dict[str, Json] = {
            "closed": {"state": "closed", "closed_at": line.at},
            "reopened": {"state": "open", "closed_at": None},
            "merged": {
                "state": "closed",
                "closed_at": line.at,
                "merged_at": line.at,
                "merged_by": user(line.by),
                **_commit(line),
            },
            "ready_for_review": {"draft": False},
            "converted_to_draft": {"draft": True},
        }
        pull.update(changes.get(action, {}))
        reviewer = {"requested_reviewer": user(line.given["reviewer"])} if "reviewer" in line.given else {}
        return "pull_request", {"action": "closed" if action == "merged" else action, **reviewer}

    def _labeled(self, line: Line, pull: Json) -> tuple[str, Json]:
        label = {"name": line.words[1]}
        pull["labels"] = [*pull["labels"], label]
        return "pull_request", {"action": "labeled", "label": label}

    def _review(self, line: Line, _pull: Json) -> tuple[str, Json]:
        number, state = int(line.words[1]), line.words[2]
        review = {"id": number, "user": user(line.by), "state": state, "submitted_at": line.at, "updated_at": line.at}
        self.reviews[number] = {**review, "body": "", "commit_id": "a1"}
        return "pull_request_review", {"action": "submitted", "review": self.reviews[number]}

    def _edited(self, line: Line, _pull: Json) -> tuple[str, Json]:
        review = self.reviews[int(line.words[1])]
        review |= {"body": "Edited.", "updated_at": line.at}
        return "pull_request_review", {"action": "edited", "review": review}

    def _dismissed(self, line: Line, _pull: Json) -> tuple[str, Json]:
        review = self.reviews[int(line.words[1])]
        review |= {"state": "dismissed", "updated_at": line.at}
        return "pull_request_review", {"action": "dismissed", "review": review}

    def _review_comment(self, line: Line, _pull: Json) -> tuple[str, Json]:
        number = int(line.words[1])
        comment = {
            "id": number,
            "user": user(line.by),
            "body": "A remark.",
            "created_at": line.at,
            "updated_at": line.at,
        }
        reply = {"in_reply_to_id": int(line.words[3])} if "re" in line.words else {}
        self.comments[number] = {**comment, **reply, "path": "a.py"}
        return "pull_request_review_comment", {"action": "created", "comment": self.comments[number]}

    def _resolved(self, line: Line, _pull: Json) -> tuple[str, Json]:
        first = int(line.words[1])
        comments = [one for number, one in self.comments.items() if first in (number, one.get("in_reply_to_id"))]
        thread = {"node_id": f"T{first}", "comments": comments}
        return "pull_request_review_thread", {"action": line.words[0], "thread": thread, "updated_at": line.at}

    _unresolved = _resolved


def _opened(line: Line, opened: int) -> Json:
    """A pull request as it was when it was opened."""
    repository, number = line.of.split("#")
    owner = {"app#4": "dan"}.get(line.of, line.by)
    fork = {"id": 99, "full_name": "eve/app"} if "fork" in line.flags else {"id": REPOSITORIES[repository]}
    return {
        "id": 1000 + opened,
        "number": int(number),
        "title": f"Change {number}",
        "state": "open",
        "draft": "draft" in line.flags,
        "created_at": line.given.get("created", line.at),
        "closed_at": None,
        "merged_at": None,
        "user": user(owner),
        "html_url": f"https://github.com/octo/{repository}/pull/{number}",
        "labels": [{"name": name} for name in line.given.get("labels", "").split(",") if name],
        "head": {"ref": "change", "sha": line.given.get("head", f"{repository[0]}{number}"), "repo": fork},
        "base": {"ref": "main", "sha": "b0", "repo": {"id": REPOSITORIES[repository]}},
        **{name: int(line.given.get(name, 1)) for name in ("additions", "deletions", "commits")},
        "changed_files": 1,
    }


def _shown(pull: Json, *, simple: bool) -> Json:
    """Reviews, comments and threads carry the simple form, without sizes."""
    absent = {"additions", "deletions", "commits", "changed_files", "merged_by"} if simple else set()
    return copy.deepcopy({name: value for name, value in pull.items() if name not in absent})


def _repository(line: Line) -> Json:
    name = line.of.replace("@", "#").partition("#")[0]
    old = name == "app" and (line.day, line.clock) < RENAMED
    return {"id": REPOSITORIES[name], "full_name": "octo/old" if old else f"octo/{name}", "updated_at": line.at}


def _commit(line: Line) -> Json:
    """What it was merged as."""
    return {"merge_commit_sha": f"m{line.of.partition('#')[2]}"} if line.of.startswith("app") else {}


def _job(line: Line) -> Json:
    _, number, name, conclusion = line.words
    day = f"2026-03-{line.day:02}T"
    return {
        "action": "completed",
        "workflow_job": {
            "id": int(number),
            "run_id": 1,
            "run_attempt": 1,
            "name": name,
            "workflow_name": "CI",
            "head_sha": line.of.partition("@")[2],
            "status": "completed",
            "conclusion": conclusion,
            "created_at": f"{day}{line.given['created']}:00Z",
            "started_at": f"{day}{line.given['started']}:00Z",
            "completed_at": line.at,
            "labels": ["linux"],
        },
    }


def _deployment(line: Line) -> Json:
    """`deployed` makes one, `deployment` tells what became of it, ten minutes later."""
    number = int(line.words[1])
    made = line.at if line.words[0] == "deployed" else line.at.replace(":10:", ":00:")
    deployment = {"id": number, "sha": line.of.partition("@")[2], "ref": "main", "environment": "production"}
    told: Json = {"deployment": {**deployment, "creator": user(line.by), "created_at": made, "updated_at": line.at}}
    if line.words[0] == "deployed":
        return {"action": "created", **told}
    status = {"id": 10 * number, "state": line.words[2], "environment": "production", "created_at": line.at}
    return {
        "action": "created",
        **told,
        "deployment_status": {**status, "creator": user(line.by), "updated_at": line.at},
    }


def _check(line: Line) -> Json:
    _, number, name, state = line.words
    started = f"2026-03-{line.day:02}T{line.given.get('started', line.clock)}:00Z"
    completed = state != "queued"
    return {
        "action": "completed" if completed else "created",
        "check_run": {
            "id": int(number),
            "name": name,
            "head_sha": line.of.partition("@")[2],
            "status": "completed" if completed else state,
            "conclusion": state if completed else None,
            "started_at": started,
            "completed_at": line.at if completed else None,
            "app": {"id": 7, "slug": "github-actions"},
            "check_suite": {"id": int(line.given["suite"])},
            "pull_requests": [{"number": int(line.given["pr"]), "base": {"repo": {"id": 1}}}]
            if "pr" in line.given
            else [],
        },
    }


OTHERS: dict[str, tuple[str, Callable[[Line], Json]]] = {
    "check": ("check_run", _check),
    "job": ("workflow_job", _job),
    "deployed": ("deployment", _deployment),
    "deployment": ("deployment_status", _deployment),
}
"""What is about no pull request by itself: the first word of a line, the event's type, and the rest of its payload."""
