"""What happens besides pull requests: the hook's ping, issues, stars, a rename."""

from .conversation import Issue, comment_json, issue_json
from .delivery import HOOK_ID
from .people import LOGIN, Person
from .repositories import Repository
from .rhythm import DAY, HOUR, stamp
from .templates import OWNER, Json, Template, example
from .text import paragraph, title
from .world import Story, World


def pinged(world: World) -> Story:
    """The first delivery of a new hook; an organisation's carries no repository."""
    hook = _HOOK.fill({"login": LOGIN}) | {"id": HOOK_ID, "events": ["*"]}
    hook |= {"created_at": stamp(world.now), "updated_at": stamp(world.now)}
    payload = {"zen": example("ping")["zen"], "hook_id": HOOK_ID, "hook": hook}
    world.send("ping", payload, None, world.people.members[0])
    yield from ()


def renamed(world: World, repository: Repository, name: str) -> Story:
    """The id stays; every later payload has the new name."""
    before = repository.name
    repository.renamed(name)
    payload = {"action": "renamed", "changes": {"repository": {"name": {"from": before}}}}
    world.send("repository", payload, repository, world.people.members[0])
    yield from ()


def starred(world: World, repository: Repository, person: Person) -> Story:
    """A star, told with its time."""
    repository.stars += 1
    repository.changed()
    world.send("star", {"action": "created", "starred_at": stamp(world.now)}, repository, person)
    yield from ()


def reported(world: World, repository: Repository, author: Person) -> Story:
    """An issue: opened, labelled, discussed, and most of them closed."""
    issue = Issue(
        world.id("issue"),
        repository.next_number(),
        title(world.random),
        paragraph(world.random),
        author,
        opened_at=world.now,
        updated_at=world.now,
    )
    repository.open_issues += 1
    repository.changed()
    _tell(world, repository, issue, "opened", author)
    keeper = world.random.choice([person for person in world.people.members if person.team == repository.team])
    yield world.after(keeper, 3 * HOUR)
    issue.label = world.random.choice(("bug", "enhancement"))
    _tell(world, repository, issue, "labeled", keeper, label=repository.label(issue.label))
    if world.chance(0.6):
        yield world.after(keeper, HOUR)
        issue.comments, issue.updated_at = issue.comments + 1, world.now
        comment = comment_json(world, repository, issue.number, keeper)
        payload = {"action": "created", "issue": issue_json(repository, issue), "comment": comment}
        world.send("issue_comment", payload, repository, keeper)
    if world.chance(0.7):
        yield world.after(keeper, 6 * DAY)
        issue.state, issue.closed_at = "closed", world.now
        repository.open_issues -= 1
        repository.changed()
        _tell(world, repository, issue, "closed", keeper)


def _tell(world: World, repository: Repository, issue: Issue, action: str, sender: Person, **more: object) -> None:
    issue.updated_at = world.now
    payload: Json = {"action": action, "issue": issue_json(repository, issue)} | more
    world.send("issues", payload, repository, sender)


_HOOK = Template(
    example("ping")["hook"],
    {"repos/Octocoders/Hello-World/hooks/109948940": f"orgs/{LOGIN}/hooks/{HOOK_ID}"},
    {str(example("ping")["hook"]["id"]): str(HOOK_ID)},
    OWNER,
)
