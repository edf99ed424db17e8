"""Reviews, their comments and threads."""

from . import rates
from .people import Person
from .pull_requests import PullRequest, Thread
from .rhythm import HOUR, stamp
from .templates import PULL_REQUEST, REPOSITORY, Json, Template, example, without
from .text import HUNKS, PATHS, paragraph, remark
from .world import Story, World


def reviewed(world: World, pull_request: PullRequest, reviewer: Person, state: str, comments: int) -> Story:
    """A review and its comments; it answers the request for it."""
    identity = world.id("review")
    review = _REVIEW.fill(pull_request.values | {"id": identity})
    review |= {
        "id": identity,
        "node_id": f"PRR_kwDO{identity:x}",
        "user": reviewer.json,
        "commit_id": pull_request.head_sha,
    }
    review |= {"state": state, "submitted_at": stamp(world.now), "updated_at": stamp(world.now)}
    review |= {"author_association": reviewer.association}
    review["body"] = None if state == "approved" else paragraph(world.random, 2)
    pull_request.reviewers.pop(reviewer.login, None)
    if state == "approved":
        pull_request.approvals[reviewer.login] = review
    else:
        pull_request.approvals.pop(reviewer.login, None)
    _tell_review(world, pull_request, "submitted", review, reviewer)
    for _ in range(comments):
        yield world.now + 1
        thread = Thread(f"PRRT_kwDO{identity:x}{len(pull_request.threads):02x}", [])
        pull_request.threads.append(thread)
        commented(world, pull_request, thread, reviewer, identity)
    if world.chance(rates.REVIEW_EDITED):
        yield world.now + world.around(0.2 * HOUR)
        changes = {"body": {"from": review["body"] or ""}}
        review |= {"body": remark(world.random), "updated_at": stamp(world.now)}
        _tell_review(world, pull_request, "edited", review, reviewer, changes=changes)


def commented(world: World, pull_request: PullRequest, thread: Thread, author: Person, review_id: int) -> None:
    """A comment on a line: the first of its thread or a reply."""
    identity = world.id("comment")
    comment = _COMMENT.fill(pull_request.values | {"id": identity})
    comment |= {
        "id": identity,
        "node_id": f"PRRC_kwDO{identity:x}",
        "pull_request_review_id": review_id,
        "user": author.json,
    }
    comment |= {"body": remark(world.random), "created_at": stamp(world.now), "updated_at": stamp(world.now)}
    comment |= {
        "path": world.random.choice(PATHS),
        "commit_id": pull_request.head_sha,
        "author_association": author.association,
    }
    comment["diff_hunk"] = world.random.choice(HUNKS)
    comment["original_commit_id"] = pull_request.head_sha
    if thread.comments:
        comment |= {"in_reply_to_id": thread.comments[0]["id"], "path": thread.comments[0]["path"]}
    thread.comments.append(comment)
    pull_request.review_comments += 1
    pull_request.updated_at = world.now
    payload = {"action": "created", "comment": comment, "pull_request": pull_request.simple()}
    world.send("pull_request_review_comment", payload, pull_request.repository, author)


def settled(world: World, pull_request: PullRequest, thread: Thread, person: Person, *, resolved: bool) -> None:
    """A thread is resolved, or no longer."""
    thread.resolved = resolved
    pull_request.updated_at = world.now
    told = {"node_id": thread.node_id, "comments": thread.comments}
    payload = {
        "action": "resolved" if resolved else "unresolved",
        "pull_request": pull_request.simple(),
        "thread": told,
    }
    payload["updated_at"] = stamp(world.now)
    world.send("pull_request_review_thread", payload, pull_request.repository, person)


def dismissed(world: World, pull_request: PullRequest) -> Story:
    """A push makes approvals stale where the repository says so."""
    for login in list(pull_request.approvals):
        yield world.now + 1
        review = pull_request.approvals.pop(login, None)
        if review is not None:
            review |= {"state": "dismissed", "updated_at": stamp(world.now)}
            _tell_review(world, pull_request, "dismissed", review, pull_request.author)


def _tell_review(
    world: World, pull_request: PullRequest, action: str, review: Json, sender: Person, **more: object
) -> None:
    pull_request.updated_at = world.now
    payload = {"action": action, "review": review, "pull_request": pull_request.simple()} | more
    world.send("pull_request_review", payload, pull_request.repository, sender)


_REVIEW = Template(
    without(example("pull_request_review")["review"], "user"),
    REPOSITORY,
    PULL_REQUEST,
    {str(example("pull_request_review")["review"]["id"]): "%(id)s"},
)
_COMMENT = Template(
    without(example("pull_request_review_comment")["comment"], "user"),
    REPOSITORY,
    PULL_REQUEST,
    {str(example("pull_request_review_comment")["comment"]["id"]): "%(id)s"},
)
