"""Continuous integration of one commit by an app's check runs and by commit statuses."""

from dataclasses import dataclass, field

from . import rates
from .people import Person
from .pull_requests import PullRequest
from .repositories import Repository
from .rhythm import MINUTE, stamp
from .templates import OWNER, REPOSITORY, Json, Template, example, without
from .world import Story, World

CONCLUSIONS = ("failure", "skipped", "neutral", "timed_out", "cancelled", "success")
WEIGHTS = (rates.FAILED, rates.SKIPPED, rates.NEUTRAL, rates.TIMED_OUT, rates.CANCELLED)
RED = ("failure", "timed_out")


@dataclass(slots=True, eq=False)
class Suite:
    """The checks of one commit by one app."""

    pull_request: PullRequest
    sha: str
    pull_requests: list[Json]
    branch: str | None
    id: int
    created_at: int
    app: Json
    conclusion: str | None = None
    red: list[str] = field(default_factory=list)

    @property
    def repository(self) -> Repository:
        """Where it runs."""
        return self.pull_request.repository

    @property
    def commit(self) -> Json:
        """The commit under test, as suites and workflow runs show it."""
        signature = {key: self.pull_request.author.signature[key] for key in ("name", "email")}
        told = {"id": self.sha, "tree_id": self.sha[::-1], "message": self.pull_request.title}
        return told | {"timestamp": stamp(self.created_at), "author": signature, "committer": signature}

    @property
    def overtaken(self) -> bool:
        """A push has made the commit uninteresting."""
        return self.pull_request.head_sha != self.sha


def suite(world: World, pull_request: PullRequest, app: str = "harbourmaster") -> Suite:
    """A new one for the present head, created at this second."""
    branch = None if pull_request.forked else pull_request.branch
    number = 15_368 if app == "github-actions" else 204_117
    made = _APP.fill({"login": pull_request.account.login}) | {
        "id": number,
        "slug": app,
        "name": app,
        "node_id": f"A_kwDO{number:x}",
    }
    made |= {"owner": pull_request.account.json, "html_url": f"https://github.com/apps/{app}"}
    return Suite(
        pull_request, pull_request.head_sha, pull_request.reference, branch, world.id("suite"), world.now, made
    )


def conclusion(world: World, suite: Suite) -> str:
    """What a run comes to; most are cancelled when a push overtakes them."""
    if suite.overtaken and world.chance(0.7):
        return "cancelled"
    return world.random.choices(CONCLUSIONS, (*WEIGHTS, 1 - sum(WEIGHTS)))[0]


def check_run(world: World, suite: Suite, sender: Person, run: Json) -> None:
    """A check_run event; `run` holds id, name, status and, once completed, its conclusion and times."""
    told = _RUN.fill({"repository": suite.repository.full_name, "sha": suite.sha, "id": run["id"], "suite": suite.id})
    told |= run
    told |= {"node_id": f"CR_kwDO{run['id']:x}", "app": suite.app, "pull_requests": suite.pull_requests}
    told["check_suite"] |= _identity(suite, world.now)
    action = "completed" if run["status"] == "completed" else "created"
    world.send("check_run", {"action": action, "check_run": told}, suite.repository, sender)


def check_suite(world: World, suite: Suite, sender: Person, runs: int) -> None:
    """The suite has completed; a hook of an organisation hears of nothing else."""
    told = _SUITE.fill(
        {"repository": suite.repository.full_name, "sha": suite.sha, "suite": suite.id, "login": sender.login}
    )
    told |= _identity(suite, world.now) | {"latest_check_runs_count": runs, "head_commit": suite.commit}
    world.send("check_suite", {"action": "completed", "check_suite": told}, suite.repository, sender)


def checked(world: World, pull_request: PullRequest) -> Story:
    """An app checks the present head: every check at once, then again what failed by accident."""
    checks = pull_request.repository.checks
    own, sender = suite(world, pull_request), pull_request.author
    runs: dict[str, Json] = {}
    for name in checks:
        run = {"id": world.id("check"), "name": name, "status": "queued", "conclusion": None}
        runs[name] = run | {"started_at": stamp(world.now), "completed_at": None}
        check_run(world, own, sender, runs[name])
        yield world.now + 1
    started = world.now
    for finish, name in sorted((started + world.around(5 * MINUTE, 0.6), name) for name in checks):
        yield finish
        _complete(world, own, sender, runs[name], started, conclusion(world, own))
    _conclude(world, own, sender, len(checks))
    for name in list(own.red):
        if world.chance(rates.FLAKY) and not own.overtaken:
            yield from _again(world, own, sender, runs[name])
            _conclude(world, own, sender, len(checks))


def _again(world: World, own: Suite, sender: Person, run: Json) -> Story:
    yield world.after(sender, 12 * MINUTE)
    started = world.now
    if not world.chance(rates.SAME_ID):
        run = run | {"id": world.id("check"), "status": "in_progress", "conclusion": None}
        run |= {"started_at": stamp(started), "completed_at": None}
        check_run(world, own, sender, run)
    yield started + world.around(5 * MINUTE, 0.5)
    own.red.remove(run["name"])
    _complete(world, own, sender, run, started, "success")


def _complete(world: World, own: Suite, sender: Person, run: Json, started: int, outcome: str) -> None:
    if outcome == "skipped":
        started = world.now
    run |= {
        "status": "completed",
        "conclusion": outcome,
        "started_at": stamp(started),
        "completed_at": stamp(world.now),
    }
    if outcome in RED:
        own.red.append(run["name"])
    check_run(world, own, sender, run)


def _conclude(world: World, own: Suite, sender: Person, runs: int) -> None:
    own.conclusion = "failure" if own.red else "cancelled" if own.overtaken else "success"
    if not own.overtaken:
        own.pull_request.failing = bool(own.red)
    check_suite(world, own, sender, runs)


def _identity(own: Suite, now: int) -> Json:
    return {
        "id": own.id,
        "node_id": f"CS_kwDO{own.id:x}",
        "head_branch": own.branch,
        "head_sha": own.sha,
        "status": "completed" if own.conclusion else "in_progress",
        "conclusion": own.conclusion,
        "pull_requests": own.pull_requests,
        "app": own.app,
        "created_at": stamp(own.created_at),
        "updated_at": stamp(now),
    }


def statuses(world: World, pull_request: PullRequest) -> Story:
    """Commit statuses of the present head: pending, then how it ended."""
    sha = pull_request.head_sha
    for context in pull_request.repository.contexts:
        _status(world, pull_request, sha, context, "pending")
        yield world.now + 1
    red = False
    for context in pull_request.repository.contexts:
        yield world.now + world.around(4 * MINUTE, 0.6)
        state = world.random.choices(("success", "failure", "error"), (0.89, 0.09, 0.02))[0]
        red = red or state != "success"
        _status(world, pull_request, sha, context, state)
    if pull_request.head_sha == sha:
        pull_request.failing = pull_request.failing or red


def _status(world: World, pull_request: PullRequest, sha: str, context: str, state: str) -> None:
    repository, author = pull_request.repository, pull_request.author
    payload = _STATUS.fill({"repository": repository.full_name, "sha": sha, "login": author.login})
    at = f"{stamp(world.now)[:-1]}+00:00"
    identity = {"id": world.id("status"), "name": repository.full_name, "context": context, "state": state}
    payload |= identity | {"created_at": at, "updated_at": at, "description": f"{context}: {state}"}
    for role in ("author", "committer"):
        payload["commit"]["commit"][role] = {"name": author.login, "email": author.email, "date": stamp(world.now)}
    payload["commit"] |= {"author": author.json, "committer": author.json}
    here = {
        "name": pull_request.branch,
        "commit": {"sha": sha, "url": f"{repository.url}/commits/{sha}"},
        "protected": False,
    }
    payload["branches"] = [] if pull_request.forked else [here]
    world.send("status", payload, repository, world.people.actions)


_IDS = {
    str(example("check_run")["check_run"]["id"]): "%(id)s",
    str(example("check_run")["check_run"]["check_suite"]["id"]): "%(suite)s",
    example("check_run")["check_run"]["head_sha"]: "%(sha)s",
}
_APP = Template(without(example("check_run")["check_run"]["app"], "owner"), OWNER)
_PARTS = ("app", "pull_requests")
_NESTED = without(example("check_run")["check_run"]["check_suite"], *_PARTS)
_RUN = Template(without(example("check_run")["check_run"], *_PARTS) | {"check_suite": _NESTED}, REPOSITORY, _IDS)
_SUITE = Template(without(example("check_suite")["check_suite"], *_PARTS), REPOSITORY, _IDS, OWNER)
_COMMIT = without(example("status")["commit"], "author", "committer")
_STATUS = Template(
    without(example("status"), "repository", "sender", "branches") | {"commit": _COMMIT},
    REPOSITORY,
    {example("status")["sha"]: "%(sha)s"},
    OWNER,
)
