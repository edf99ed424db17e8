"""Comments in the conversation of a pull request or an issue."""

from dataclasses import dataclass
from typing import Any

from . import rates
from .people import Person
from .pull_requests import PullRequest
from .repositories import Repository
from .rhythm import HOUR, stamp
from .templates import OWNER, REPOSITORY, Json, Template, example, without
from .text import remark
from .world import Story, World

NUMBER = {f"/issues/{example('issues')['issue']['number']}": "/issues/%(number)s"}


@dataclass(slots=True, eq=False)
class Issue:
    """An issue, or a pull request seen as one."""

    id: int
    number: int
    title: str
    body: str
    author: Person
    opened_at: int
    updated_at: int
    state: str = "open"
    closed_at: int | None = None
    comments: int = 0
    label: str | None = None


def issue_json(repository: Repository, issue: Issue) -> Json:
    """The `issue` of issues and issue_comment events."""
    told = _ISSUE.fill({"repository": repository.full_name, "number": issue.number, "login": issue.author.login})
    told |= {"id": issue.id, "node_id": f"I_kwDO{issue.id:x}", "number": issue.number, "title": issue.title}
    told |= {
        "user": issue.author.json,
        "state": issue.state,
        "comments": issue.comments,
        "body": issue.body,
        "assignees": [],
    }
    told |= {"created_at": stamp(issue.opened_at), "updated_at": stamp(issue.updated_at)}
    told["closed_at"] = issue.closed_at and stamp(issue.closed_at)
    told["labels"] = [repository.label(issue.label)] if issue.label else []
    told["author_association"] = issue.author.association
    return told


def comment_json(world: World, repository: Repository, number: int, author: Person) -> Json:
    """A comment made at this second."""
    identity = world.id("comment")
    made = _COMMENT.fill({"repository": repository.full_name, "number": number, "id": identity, "login": author.login})
    made |= {
        "id": identity,
        "node_id": f"IC_kwDO{identity:x}",
        "created_at": stamp(world.now),
        "updated_at": stamp(world.now),
    }
    user = None if author is world.people.ghost else author.json
    return made | {"user": user, "body": remark(world.random), "author_association": author.association}


def remarked(world: World, pull_request: PullRequest, author: Person) -> Story:
    """A comment, sometimes edited later; to GitHub the pull request is an issue here."""
    if world.chance(rates.GHOST):
        author = world.people.ghost
    pull_request.comments += 1
    comment = comment_json(world, pull_request.repository, pull_request.number, author)
    _tell(world, pull_request, "created", comment, author)
    if world.chance(rates.COMMENT_EDITED):
        yield world.now + world.around(0.1 * HOUR)
        changes = {"body": {"from": comment["body"]}}
        comment |= {"body": f"{comment['body']} (edited)", "updated_at": stamp(world.now)}
        _tell(world, pull_request, "edited", comment, author, changes=changes)


def _tell(world: World, pull_request: PullRequest, action: str, comment: Json, sender: Person, **more: Any) -> None:
    pull_request.updated_at = world.now
    payload = {"action": action, "issue": _as_issue(pull_request), "comment": comment} | more
    world.send("issue_comment", payload, pull_request.repository, sender)


def _as_issue(pull_request: PullRequest) -> Json:
    repository, number = pull_request.repository, pull_request.number
    seen = Issue(
        pull_request.id + 517_000_000,
        number,
        pull_request.title,
        pull_request.body,
        pull_request.author,
        pull_request.opened_at,
        pull_request.updated_at,
        pull_request.state,
        pull_request.closed_at,
        pull_request.comments,
    )
    told = issue_json(repository, seen)
    page = f"https://github.com/{repository.full_name}/pull/{number}"
    told |= {
        "user": pull_request.user,
        "labels": [repository.label(name) for name in pull_request.labels],
        "draft": pull_request.draft,
        "html_url": page,
    }
    told["pull_request"] = {
        "url": f"{repository.url}/pulls/{number}",
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "merged_at": pull_request.merged_at and stamp(pull_request.merged_at),
    }
    return told


_ISSUE = Template(
    without(example("issues")["issue"], "user", "labels", "assignee", "milestone"), REPOSITORY, NUMBER, OWNER
)
_COMMENT = Template(
    without(example("issue_comment")["comment"], "user"),
    REPOSITORY,
    NUMBER,
    {str(example("issue_comment")["comment"]["id"]): "%(id)s"},
)
