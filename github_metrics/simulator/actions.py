"""Continuous integration of one commit by GitHub Actions: a workflow run, its jobs, and their check runs."""

from . import rates
from .checks import RED, Suite, check_run, check_suite, conclusion, suite
from .pull_requests import PullRequest
from .rhythm import MINUTE, stamp
from .templates import REPOSITORY, Json, Template, example, without
from .world import Story, World

QUEUE = {"ubuntu-latest": 12, "self-hosted-large": 150}
WORKFLOW = 6_204_417


def worked(world: World, pull_request: PullRequest) -> Story:
    """The workflow runs for the present head, and its failed jobs once more where that helps."""
    own = suite(world, pull_request, "github-actions")
    run = {"id": world.id("run"), "attempt": 1, "created_at": world.now, "number": world.id("workflow run") % 100_000}
    jobs = pull_request.repository.jobs
    yield from _attempt(world, own, run, jobs)
    if own.red and not own.overtaken and world.chance(rates.FLAKY):
        yield world.after(pull_request.author, 15 * MINUTE)
        failed, own.red = own.red, []
        yield from _attempt(
            world, own, run | {"attempt": 2}, tuple(job for job in jobs if job[0] in failed), flaky=True
        )


def _attempt(world: World, own: Suite, run: Json, jobs: tuple[tuple[str, str], ...], *, flaky: bool = False) -> Story:
    own.conclusion = None
    started = world.now
    _workflow_run(world, own, run, started, "requested", "queued")
    yield world.now + 1
    made = [_job(world, own, run, name, runner) for name, runner in jobs]
    waiting: list[tuple[int, int, Json]] = []
    for job in made:
        _workflow_job(world, own, job, "queued")
        waiting.append((world.now + world.around(QUEUE[job["labels"][0]], 0.7), job["id"], job))
    under_way: list[tuple[int, int, Json]] = []
    for start, number, job in sorted(waiting):
        yield start
        job |= {
            "status": "in_progress",
            "started_at": stamp(world.now),
            "runner_id": number % 400,
            "runner_name": f"runner-{number % 400}",
        }
        if not under_way:
            _workflow_run(world, own, run, started, "in_progress", "in_progress")
        check_run(world, own, world.people.actions, _as_check(job))
        _workflow_job(world, own, job, "in_progress")
        under_way.append((world.now + world.around(6 * MINUTE, 0.5), number, job))
    for finish, _, job in sorted(under_way):
        yield finish
        outcome = "success" if flaky else conclusion(world, own)
        _finish(world, own, job, outcome)
    own.conclusion = "failure" if own.red else "cancelled" if own.overtaken else "success"
    if not own.overtaken:
        own.pull_request.failing = bool(own.red)
    yield world.now + 1
    _workflow_run(world, own, run, started, "completed", "completed")
    check_suite(world, own, world.people.actions, len(jobs))


def _finish(world: World, own: Suite, job: Json, outcome: str) -> None:
    job |= {"status": "completed", "conclusion": outcome, "completed_at": stamp(world.now)}
    step = {"name": job["name"], "status": "completed", "conclusion": outcome, "number": 1}
    job["steps"] = [step | {"started_at": job["started_at"], "completed_at": job["completed_at"]}]
    if outcome in RED:
        own.red.append(job["name"])
    check_run(world, own, world.people.actions, _as_check(job))
    _workflow_job(world, own, job, "completed")


def _job(world: World, own: Suite, run: Json, name: str, runner: str) -> Json:
    number = world.id("check")
    values = {"repository": own.repository.full_name, "id": number, "run": run["id"], "sha": own.sha}
    job = _JOB.fill(values) | {
        "id": number,
        "run_id": run["id"],
        "run_attempt": run["attempt"],
        "node_id": f"CR_kwDO{number:x}",
    }
    job |= {"head_sha": own.sha, "head_branch": own.branch or own.pull_request.branch, "name": name, "labels": [runner]}
    job |= {"status": "queued", "conclusion": None, "created_at": stamp(world.now), "started_at": stamp(world.now)}
    return job | {"completed_at": None, "runner_id": None, "runner_name": None, "workflow_name": "CI", "steps": []}


def _as_check(job: Json) -> Json:
    return {key: job[key] for key in ("id", "name", "status", "conclusion", "started_at", "completed_at")}


def _workflow_job(world: World, own: Suite, job: Json, action: str) -> None:
    world.send("workflow_job", {"action": action, "workflow_job": job}, own.repository, own.pull_request.author)


def _workflow_run(world: World, own: Suite, run: Json, started: int, action: str, status: str) -> None:
    repository, author = own.repository, own.pull_request.author
    values = {"repository": repository.full_name, "run": run["id"], "sha": own.sha, "suite": own.id}
    told = _RUN.fill(values)
    told |= {
        "id": run["id"],
        "node_id": f"WFR_kwLO{run['id']:x}",
        "name": "CI",
        "display_title": own.pull_request.title,
    }
    told |= {"check_suite_id": own.id, "check_suite_node_id": f"CS_kwDO{own.id:x}", "event": "pull_request"}
    told |= {
        "head_branch": own.branch or own.pull_request.branch,
        "head_sha": own.sha,
        "pull_requests": own.pull_requests,
    }
    told |= {
        "status": status,
        "conclusion": own.conclusion if status == "completed" else None,
        "path": ".github/workflows/ci.yml",
    }
    told |= {"created_at": stamp(run["created_at"]), "run_started_at": stamp(started), "updated_at": stamp(world.now)}
    told |= {"run_number": run["number"], "run_attempt": run["attempt"], "workflow_id": WORKFLOW + repository.id % 997}
    told |= {"head_commit": own.commit, "actor": author.json, "triggering_actor": author.json}
    told["repository"] = repository.minimal(own.pull_request.account)
    told["head_repository"] = repository.minimal(author if own.pull_request.forked else own.pull_request.account)
    workflow = _WORKFLOW.fill(values) | {
        "id": WORKFLOW + repository.id % 997,
        "name": "CI",
        "path": ".github/workflows/ci.yml",
    }
    workflow["created_at"] = workflow["updated_at"] = stamp(repository.created_at)
    payload = {"action": action, "workflow_run": told, "workflow": workflow}
    world.send("workflow_run", payload, repository, author)


_PARTS = ("actor", "triggering_actor", "repository", "head_repository", "pull_requests")
_EXAMPLE = example("workflow_run")["workflow_run"]
_RUN = Template(
    without(_EXAMPLE, *_PARTS),
    REPOSITORY,
    {str(_EXAMPLE["id"]): "%(run)s", _EXAMPLE["head_sha"]: "%(sha)s", str(_EXAMPLE["check_suite_id"]): "%(suite)s"},
)
_WORKFLOW = Template(example("workflow_run")["workflow"], REPOSITORY)
_JOB = Template(
    example("workflow_job")["workflow_job"], REPOSITORY, {"runs/1291536064/": "runs/%(run)s/", "1291536064": "%(id)s"}
)
