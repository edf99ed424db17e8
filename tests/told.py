"""One pull request's life, written by hand as deliveries: what the tests of its story and its explanation stand on.

octo/hello#1 of octocat comes from a fork. It was opened as a draft, reviewed by a bot while it was one, and by monalisa
once it was ready; its approval was dismissed, it was closed and reopened, approved again and merged at noon.
"""

from typing import Any

from tests.events import REPOSITORY, at, payload, pull_request, simple, user

Told = tuple[str, dict[str, Any]]

OCTOCAT, MONALISA, ALICE = user("octocat", 5), user("monalisa", 2), user("alice", 9)
BOT = user("ci[bot]", 10, "Bot")
HELLO = {"id": REPOSITORY, "full_name": "octo/hello", "updated_at": at("08:00")}
TOOLS = {"id": 8, "full_name": "octo/tools", "updated_at": at("08:00")}
FIRST, SECOND, MERGE = "a" * 40, "c" * 40, "d" * 40
FORK = {"id": 99}
LONG = "\u202eNUL \x00, half a pair \ud800, " + "y" * 600


def pull(clock: str, **fields: Any) -> dict[str, Any]:
    """octo/hello#1 as it was at a time of the day."""
    draft = clock < "10:00" or "11:05" <= clock < "11:06"
    sha = FIRST if clock < "10:40" else SECOND
    told = {
        "draft": draft,
        "head": {"ref": "change", "sha": sha, "repo": FORK},
        "commits": 1 if clock < "10:40" else 3,
        "additions": 3 if clock < "10:40" else 40,
        "title": "Old" if clock < "10:55" else "New",
        "html_url": "https://github.com/octo/hello/pull/1",
    }
    return pull_request(1, updated=clock, **{**told, **fields})


def happened(action: str, clock: str, by: Any = OCTOCAT, of: dict[str, Any] | None = None, **parts: Any) -> Told:
    return "pull_request", payload(action, pull_request=pull(clock, **(of or {})), sender=by, repository=HELLO, **parts)


def reviewed(action: str, clock: str, review_id: int, by: Any, state: str, submitted: str, **fields: Any) -> Told:
    review = {"id": review_id, "user": by, "state": state, "submitted_at": at(submitted), "updated_at": at(clock)}
    review |= {"body": "Why?", "html_url": f"https://github.com/octo/hello/pull/1#{review_id}"}
    sender = fields.pop("sender", by)
    told = payload(action, review={**review, **fields}, pull_request=simple(pull(clock)), sender=sender)
    return "pull_request_review", {**told, "repository": HELLO}


def comment(comment_id: int, by: Any, clock: str, **fields: Any) -> dict[str, Any]:
    told = {"id": comment_id, "user": by, "body": f"comment {comment_id}", "path": "README.md"}
    return {**told, "created_at": at(clock), "updated_at": at(clock), **fields}


ROOT = comment(60, MONALISA, "10:20", pull_request_review_id=11)
REPLY = comment(61, OCTOCAT, "10:35", in_reply_to_id=60)


def on_code(action: str, clock: str, told: dict[str, Any]) -> Told:
    about = payload(action, comment=told, pull_request=simple(pull(clock)), sender=told["user"], repository=HELLO)
    return "pull_request_review_comment", about


def in_conversation(action: str, clock: str, told: dict[str, Any]) -> Told:
    issue = {"number": 1, "pull_request": {}, "updated_at": at(clock)}
    return "issue_comment", payload(action, comment=told, issue=issue, sender=told["user"], repository=HELLO)


def thread(action: str, clock: str, by: Any) -> Told:
    told = {"node_id": "PRRT_1", "comments": [ROOT, REPLY]}
    parts = {"thread": told, "updated_at": at(clock), "pull_request": simple(pull(clock))}
    return "pull_request_review_thread", payload(action, sender=by, repository=HELLO, **parts)


def check(run: int, name: str, sha: str, started: str, completed: str, conclusion: str) -> Told:
    """Of a fork: it names no pull request."""
    told = {"id": run, "name": name, "head_sha": sha, "status": "completed", "conclusion": conclusion}
    told |= {"started_at": at(started), "completed_at": at(completed), "pull_requests": [], "app": {"slug": "actions"}}
    return "check_run", payload("completed", check_run={**told, "check_suite": {"id": 70}}, repository=HELLO)


def status(number: int, state: str, clock: str) -> Told:
    told = {"id": number, "sha": SECOND, "context": "license", "state": state, "updated_at": at(clock)}
    return "status", payload(repository=HELLO, **told)


DEPLOYMENT = {"id": 80, "sha": MERGE, "ref": "main", "environment": "production", "creator": ALICE}
DEPLOYMENT |= {"created_at": at("12:10"), "updated_at": at("12:10")}
DEPLOYED = {"id": 81, "state": "success", "environment": "production", "created_at": at("12:12")}
CLOSED = {"state": "closed", "closed_at": at("11:20")}
MERGED = {"state": "closed", "closed_at": at("12:00"), "merged_at": at("12:00"), "merge_commit_sha": MERGE}
CORE = {"id": 3, "slug": "core", "name": "The core"}

LIFE: list[Told] = [
    happened("opened", "09:00"),  # 1
    check(1, "build", FIRST, "09:01", "09:05", "failure"),  # 2
    check(2, "lint", FIRST, "09:02", "09:06", "timed_out"),  # 3
    reviewed("submitted", "09:10", 10, BOT, "commented", "09:10"),  # 4
    happened("labeled", "09:12", label={"name": "wip"}),  # 5
    happened("assigned", "09:13", assignee=ALICE),  # 6
    happened("milestoned", "09:14", milestone={"number": 1, "title": "1.0"}),  # 7
    check(1, "build", FIRST, "09:35", "09:40", "success"),  # 8: the same run again
    check(3, "lint", FIRST, "09:41", "09:45", "cancelled"),  # 9: the same job again
    happened("ready_for_review", "10:00"),  # 10
    happened("review_requested", "10:01", requested_team=CORE),  # 11
    happened("review_requested", "10:02", requested_reviewer=MONALISA),  # 12
    on_code("created", "10:20", ROOT),  # 13
    reviewed("submitted", "10:21", 11, MONALISA, "commented", "10:21"),  # 14
    reviewed("edited", "10:22", 11, MONALISA, "commented", "10:21", body="Why so?"),  # 15
    on_code("created", "10:35", REPLY),  # 16
    happened("synchronize", "10:40", before=FIRST, after=SECOND),  # 17
    status(90, "pending", "10:41"),  # 18
    status(91, "error", "10:42"),  # 19
    thread("resolved", "10:45", OCTOCAT),  # 20
    thread("unresolved", "10:50", MONALISA),  # 21
    happened("edited", "10:55", changes={"title": {"from": "Old"}}),  # 22
    in_conversation("created", "11:00", comment(60, ALICE, "11:00", body=LONG)),  # 23
    happened("converted_to_draft", "11:05"),  # 24
    happened("ready_for_review", "11:06"),  # 25
    reviewed("submitted", "11:07", 12, OCTOCAT, "commented", "11:07"),  # 26: of the author
    reviewed("submitted", "11:10", 13, MONALISA, "approved", "11:10"),  # 27
    reviewed("dismissed", "11:15", 13, MONALISA, "dismissed", "11:10", sender=OCTOCAT),  # 28
    happened("closed", "11:20", of=CLOSED),  # 29
    happened("reopened", "11:25"),  # 30
    reviewed("submitted", "11:30", 14, ALICE, "approved", "11:30"),  # 31
    happened("unlabeled", "11:31", label={"name": "wip"}),  # 32
    happened("labeled", "11:32", ALICE, label={"name": "approved-alice"}),  # 33
    happened("review_request_removed", "11:33", requested_team=CORE),  # 34
    thread("resolved", "11:40", OCTOCAT),  # 35
    in_conversation("deleted", "11:45", comment(62, ALICE, "11:41")),  # 36: its creation was not told
    happened("closed", "12:00", ALICE, of=MERGED),  # 37
    ("deployment", payload("created", deployment=DEPLOYMENT, repository=HELLO)),  # 38
    (
        "deployment_status",
        payload("created", deployment=DEPLOYMENT, deployment_status=DEPLOYED, repository=HELLO),
    ),  # 39
    happened("labeled", "09:12", label={"name": "wip"}, installation={"id": 1}),  # 40: 5 again, of another hook
    ("pull_request", payload("opened", pull_request=pull_request(1), repository=TOOLS)),  # 41: the same number
    (
        "star",
        payload("created", repository={**HELLO, "full_name": "octo/greetings", "updated_at": at("13:00")}),
    ),  # 42: renamed
]
"""In the order in which they were sent: the number of each is its position, and its delivery id."""
