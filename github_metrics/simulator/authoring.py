"""The author's side: opening, readying, answering."""

from . import rates
from .actions import worked
from .checks import checked, statuses
from .conversation import remarked
from .labels import labeled, size, unlabeled
from .people import Person
from .pull_requests import PullRequest, tell
from .pushes import ZERO, commit, push, synchronized
from .repositories import Repository
from .reviews import commented, dismissed, settled
from .rhythm import HOUR, MINUTE
from .text import branch, paragraph, title
from .world import Story, World


def conceived(world: World, repository: Repository, author: Person) -> PullRequest:
    """A pull request as its author is about to open it."""
    random, bot = world.random, author is world.people.updates
    number = repository.next_number()
    name = f"Bump library-{number % 41} from 1.{number % 9} to 1.{number % 9 + 1}" if bot else title(random)
    additions = int(random.lognormvariate(1.2 if bot else 3.4, 0.5 if bot else 1.5)) + 1
    return PullRequest(
        repository=repository,
        author=author,
        account=world.people.account,
        id=world.id("pull request"),
        number=number,
        title=name,
        body=paragraph(random, random.randint(2, 8)),
        branch=branch(name, number),
        base_sha=repository.main,
        head_sha=ZERO,
        opened_at=world.now,
        draft=not bot and world.chance(rates.DRAFTED),
        forked=author in world.people.outsiders,
        additions=additions,
        deletions=int(additions * random.uniform(0.05, 0.9)),
        changed_files=1 + int(additions**0.5 / 3),
    )


def opened(world: World, pull_request: PullRequest) -> Story:
    """The branch is pushed, unless it is a fork's, and the pull request opened; labels follow by themselves."""
    repository, author = pull_request.repository, pull_request.author
    first = commit(world, repository, author, pull_request.title)
    if not pull_request.forked:
        push(world, repository, author, pull_request.branch, ZERO, [first])
        yield world.now + world.random.randint(10, 90)
    pull_request.head_sha, pull_request.opened_at = first["id"], world.now
    repository.open_issues += 1
    repository.changed()
    tell(world, pull_request, "opened", author)
    integrate(world, pull_request)
    yield world.now + 2
    labeled(world, pull_request, size(pull_request), world.people.labels)
    if world.chance(0.6):
        yield world.now + 1
        topic = "dependencies" if author is world.people.updates else f"sig-{author.team or repository.team}"
        labeled(world, pull_request, topic, world.people.labels)


def integrate(world: World, pull_request: PullRequest) -> None:
    """Continuous integration of the present head begins, in each of the repository's ways."""
    repository = pull_request.repository
    ways = ((repository.checks, checked), (repository.jobs, worked), (repository.contexts, statuses))
    for configured, way in ways:
        if configured:
            world.begin(_counted(pull_request, way(world, pull_request)), at=world.now + 1)


def drafted(world: World, pull_request: PullRequest) -> Story:
    """From draft to ready; some go back once."""
    rounds = 2 if world.chance(rates.DRAFTED_AGAIN) else 1
    for last in range(rounds):
        yield world.after(pull_request.author, 9 * HOUR, 1.0)
        if world.chance(0.6):
            yield from pushed(world, pull_request)
            yield world.now + world.random.randint(20, 600)
        pull_request.draft = False
        tell(world, pull_request, "ready_for_review", pull_request.author)
        if last + 1 < rounds:
            yield world.after(pull_request.author, 2 * HOUR)
            pull_request.draft = True
            tell(world, pull_request, "converted_to_draft", pull_request.author)


def pushed(world: World, pull_request: PullRequest, most: int = 3) -> Story:
    """A push to the branch and what it undoes: approvals, and labels that say so."""
    yield from synchronized(world, pull_request, most)
    integrate(world, pull_request)
    if pull_request.repository.dismisses:
        yield from dismissed(world, pull_request)
    for name in [name for name in pull_request.labels if name.startswith(("approved-", "lgtm-", "verified"))]:
        yield world.now + 1
        unlabeled(world, pull_request, name, world.people.labels)
    worn = next((name for name in pull_request.labels if name.startswith("size/")), None)
    if worn is not None and worn != size(pull_request):
        yield world.now + 1
        unlabeled(world, pull_request, worn, world.people.labels)
        yield world.now + 1
        labeled(world, pull_request, size(pull_request), world.people.labels)


def answered(world: World, pull_request: PullRequest, reviewer: Person, state: str) -> Story:
    """The author replies, pushes, resolves the threads and asks the reviewer again."""
    author = pull_request.author
    yield world.after(author, 4 * HOUR, 0.9)
    if state == "changes_requested" or world.chance(0.4):
        yield from pushed(world, pull_request)
    for thread in [thread for thread in pull_request.threads if not thread.resolved]:
        if world.chance(0.35):
            yield world.now + world.random.randint(20, 240)
            commented(world, pull_request, thread, author, world.id("review"))
        if world.chance(0.75):
            yield world.now + world.random.randint(5, 60)
            settled(world, pull_request, thread, author, resolved=True)
            if world.chance(rates.UNRESOLVED):
                yield world.after(reviewer, HOUR)
                settled(world, pull_request, thread, reviewer, resolved=False)
                yield world.after(author, HOUR)
                settled(world, pull_request, thread, author, resolved=True)
    if world.chance(0.2):
        yield world.now + MINUTE
        yield from remarked(world, pull_request, author)
    if reviewer.login not in pull_request.reviewers:
        yield world.now + world.random.randint(5, 120)
        pull_request.reviewers[reviewer.login] = reviewer
        tell(world, pull_request, "review_requested", author, requested_reviewer=reviewer.json)


def _counted(pull_request: PullRequest, way: Story) -> Story:
    pull_request.running += 1
    yield from way
    pull_request.running -= 1
