"""Deployments of what was merged: staging, then production; what fails is rolled back."""

from . import rates
from .people import Person
from .repositories import Repository
from .rhythm import DAY, HOUR, MINUTE, stamp
from .templates import OWNER, REPOSITORY, Json, Template, example, without
from .world import Story, World

PRODUCTION = "production"


def deployed(world: World, repository: Repository) -> Story:
    """Every few days, if anything was merged."""
    while True:
        yield world.now + world.random.randint(40, 110) * HOUR
        if repository.deployed == repository.main:
            continue
        members = [person for person in world.people.members if person.team == repository.team]
        releaser = world.random.choice(members)
        yield world.after(releaser, MINUTE)
        previous, sha = repository.deployed, repository.main
        yield from _deployment(world, repository, releaser, sha, "staging", "success")
        yield world.now + world.around(HOUR)
        failed = world.chance(rates.DEPLOYMENT_FAILED)
        yield from _deployment(world, repository, releaser, sha, PRODUCTION, "failure" if failed else "success")
        if failed:
            yield world.now + world.around(0.4 * HOUR)
            yield from _deployment(world, repository, releaser, previous, PRODUCTION, "success", f"Roll back {sha[:7]}")
        else:
            repository.deployed = sha


def released(world: World, repository: Repository, every: int) -> Story:
    """A release for every so many merges; drafts are told as created, and published an hour later."""
    minor = 0
    while True:
        while repository.merges < every * (minor + 1):
            yield world.now + DAY // 2
        minor += 1
        author = next(person for person in world.people.members if person.team == repository.team)
        identity, created_at = world.id("release"), world.now
        for action, published_at in (("created", None), ("published", created_at + HOUR)):
            yield published_at or world.now
            told = _RELEASE.fill({"repository": repository.full_name, "id": identity, "tag": f"v2.{minor}.0"})
            told |= {
                "id": identity,
                "tag_name": f"v2.{minor}.0",
                "name": f"v2.{minor}.0",
                "draft": published_at is None,
            }
            told |= {"author": author.json, "target_commitish": "main", "node_id": f"RE_kwDO{identity:x}"}
            told |= {"created_at": stamp(created_at), "published_at": published_at and stamp(published_at)}
            world.send("release", {"action": action, "release": told}, repository, author)


def _deployment(
    world: World,
    repository: Repository,
    creator: Person,
    sha: str,
    environment: str,
    outcome: str,
    why: str | None = None,
) -> Story:
    identity, created_at = world.id("deployment"), world.now
    deployment = _DEPLOYMENT.fill({"repository": repository.full_name, "id": identity})
    deployment |= {
        "id": identity,
        "node_id": f"DE_kwDO{identity:x}",
        "environment": environment,
        "original_environment": environment,
    }
    deployment |= {"creator": creator.json, "sha": sha, "ref": "main", "description": why}
    deployment |= {
        "production_environment": environment == PRODUCTION,
        "created_at": stamp(created_at),
        "updated_at": stamp(created_at),
    }
    world.send(
        "deployment",
        {"action": "created", "deployment": deployment, "workflow": None, "workflow_run": None},
        repository,
        creator,
    )
    for state, median in (("in_progress", 20), (outcome, 4 * MINUTE)):
        yield world.now + world.around(median, 0.4)
        _status(world, repository, creator, deployment | {"updated_at": stamp(world.now)}, state)


def _status(world: World, repository: Repository, creator: Person, deployment: Json, state: str) -> None:
    number = world.id("deployment status")
    status = _STATUS.fill({"repository": repository.full_name, "id": deployment["id"], "status": number})
    status |= {"id": number, "node_id": f"DES_kwDO{number:x}", "state": state, "creator": creator.json}
    status |= {"environment": deployment["environment"], "created_at": stamp(world.now), "updated_at": stamp(world.now)}
    payload = {
        "action": "created",
        "deployment_status": status,
        "deployment": deployment,
        "check_run": None,
        "workflow_run": None,
    }
    world.send("deployment_status", payload, repository, creator)


_IDS = {
    str(example("deployment_status")["deployment"]["id"]): "%(id)s",
    str(example("deployment_status")["deployment_status"]["id"]): "%(status)s",
}
_DEPLOYMENT = Template(without(example("deployment")["deployment"], "creator"), REPOSITORY, _IDS)
_STATUS = Template(without(example("deployment_status")["deployment_status"], "creator"), REPOSITORY, _IDS)
_RELEASE = Template(
    without(example("release")["release"], "author"),
    REPOSITORY,
    {str(example("release")["release"]["id"]): "%(id)s", example("release")["release"]["tag_name"]: "%(tag)s"},
    OWNER,
)
