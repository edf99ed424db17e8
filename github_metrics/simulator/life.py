"""The life of one pull request, from the first push to the merge, or to nowhere."""

from . import rates
from .authoring import answered, conceived, drafted, opened, pushed
from .conversation import remarked
from .labels import labeled, unlabeled
from .people import Person
from .pull_requests import PullRequest, tell
from .pushes import commit, push
from .repositories import Repository
from .reviews import reviewed
from .rhythm import DAY, HOUR, MINUTE
from .world import Story, World

PATIENCE = 8 * HOUR


def born(world: World, repository: Repository, author: Person) -> None:
    """A pull request begins its life now."""
    pull_request = conceived(world, repository, author)
    world.begin(_life(world, pull_request), pull_request)
    if pull_request.forked and world.chance(rates.FORK_DELETED):
        world.begin(_lost(pull_request, "fork_deleted"), at=world.now + world.around(2 * DAY))
    if author.kind == "User" and world.chance(rates.AUTHOR_DELETED):
        world.begin(_lost(pull_request, "author_deleted"), at=world.now + world.around(DAY))


def _life(world: World, pull_request: PullRequest) -> Story:
    yield from opened(world, pull_request)
    if pull_request.draft:
        yield from drafted(world, pull_request)
    reviewers = _chosen(world, pull_request)
    yield from _requested(world, pull_request, reviewers)
    if world.chance(rates.STALE):
        return
    abandoned = world.chance(rates.ABANDONED)
    if not world.chance(rates.UNREVIEWED):
        yield from _rounds(world, pull_request, reviewers, 1 if abandoned else 6)
    if abandoned:
        yield world.after(pull_request.author, 2 * DAY)
        yield from _closed(world, pull_request)
        if not world.chance(rates.REOPENED):
            return
        yield world.after(pull_request.author, DAY)
        yield from _reopened(world, pull_request)
        yield from _rounds(world, pull_request, reviewers, 6)
    yield from _merged(world, pull_request)


def _chosen(world: World, pull_request: PullRequest) -> list[Person]:
    """Mostly the repository's team, the keen ones more often."""
    team = pull_request.repository.team if world.chance(0.8) else world.random.choice(list(world.people.teams))
    colleagues = world.people.colleagues(pull_request.author, team)
    wanted = 2 if world.chance(rates.SECOND_REVIEWER) else 1
    drawn = world.random.choices(colleagues, [person.reviews for person in colleagues], k=wanted)
    return list(dict.fromkeys(drawn))


def _requested(world: World, pull_request: PullRequest, reviewers: list[Person]) -> Story:
    for reviewer in reviewers:
        yield world.now + world.random.randint(1, 40)
        pull_request.reviewers[reviewer.login] = reviewer
        tell(world, pull_request, "review_requested", pull_request.author, requested_reviewer=reviewer.json)
    if world.chance(rates.TEAM_REQUESTED):
        yield world.now + 1
        name = pull_request.repository.team
        team = pull_request.teams[name] = world.people.teams[name]
        tell(world, pull_request, "review_requested", pull_request.author, requested_team=team)
    if world.chance(rates.REQUEST_REMOVED):
        yield world.now + world.random.randint(30, 900)
        removed = reviewers[-1]
        pull_request.reviewers.pop(removed.login)
        tell(world, pull_request, "review_request_removed", pull_request.author, requested_reviewer=removed.json)
    if world.chance(rates.BOT_REVIEWED):
        yield world.now + world.around(3 * MINUTE, 0.4)
        yield from reviewed(world, pull_request, world.people.reviewer, "commented", int(world.chance(0.4)))
    if world.chance(rates.HELD):
        yield world.now + world.random.randint(60, 900)
        labeled(world, pull_request, "do-not-merge", pull_request.author)


def _rounds(world: World, pull_request: PullRequest, reviewers: list[Person], most: int) -> Story:
    """Review and answer until the first reviewer approves, or patience ends; a second reviewer follows alone."""
    lead = reviewers[0]
    if world.chance(rates.FOLLOWED):
        yield world.after(lead, 2 * HOUR)
        yield from remarked(world, pull_request, world.random.choice((lead, pull_request.author)))
    for reviewer in reviewers[1:]:
        world.begin(_second(world, pull_request, reviewer), pull_request, world.after(reviewer, reviewer.reply * 1.5))
    for turn in range(most):
        yield world.after(lead, lead.reply)
        if not pull_request.failing and world.chance(0.2):
            labeled(world, pull_request, "verified", world.people.labels)
            yield world.now + world.random.randint(60, 900)
        state = _verdict(world, pull_request, lead, turn, last=most > 1 and turn == most - 1)
        comments = (
            min(4, int(world.random.expovariate(1.2 / lead.talkative)))
            if state != "approved"
            else int(world.chance(0.1))
        )
        yield from reviewed(world, pull_request, lead, state, comments)
        if state == "approved":
            pull_request.teams.clear()
            yield from _praised(world, pull_request, lead)
            return
        yield from answered(world, pull_request, lead, state)


def _verdict(world: World, pull_request: PullRequest, reviewer: Person, turn: int, *, last: bool) -> str:
    size = min(0.2, (pull_request.additions + pull_request.deletions) / 4000)
    approving = 0.8 - reviewer.strict - size + 0.2 * turn
    if pull_request.author.kind == "Bot" or last or world.chance(approving):
        return "approved"
    return "changes_requested" if world.chance(0.4 + reviewer.strict) else "commented"


def _second(world: World, pull_request: PullRequest, reviewer: Person) -> Story:
    if pull_request.open and not pull_request.draft:
        state = "approved" if world.chance(0.75) else "commented"
        yield from reviewed(world, pull_request, reviewer, state, int(world.chance(0.3)))
        if state == "approved" and pull_request.open:
            yield from _praised(world, pull_request, reviewer)


def _praised(world: World, pull_request: PullRequest, reviewer: Person) -> Story:
    if pull_request.repository.labels_approvals:
        for prefix in ("approved-", "lgtm-"):
            yield world.now + 1
            if pull_request.open:
                labeled(world, pull_request, f"{prefix}{reviewer.login}", world.people.labels)


def _merged(world: World, pull_request: PullRequest) -> Story:
    """Green at last, and somebody presses the button."""
    author, repository, people = pull_request.author, pull_request.repository, world.people
    merger = world.random.choice(people.colleagues(author, repository.team)) if author not in people.members else author
    yield world.after(merger, HOUR, 1.2)
    yield from _mended(world, pull_request)
    if "do-not-merge" in pull_request.labels:
        yield world.after(author, 5 * HOUR)
        unlabeled(world, pull_request, "do-not-merge", author)
        yield world.now + MINUTE
    if not pull_request.failing and world.chance(0.2):
        labeled(world, pull_request, "verified", people.labels)
        yield world.now + world.random.randint(5, 600)
    before, squashed = repository.main, world.chance(rates.SQUASHED)
    message = (
        f"{pull_request.title} (#{pull_request.number})" if squashed else f"Merge pull request #{pull_request.number}"
    )
    merge = commit(world, repository, merger, message)
    repository.main = pull_request.merge_commit_sha = merge["id"]
    repository.merges += 1
    push(world, repository, merger, "main", before, [merge])
    yield world.now + 1
    pull_request.merged_by, pull_request.merged_at = merger, world.now
    _end(world, pull_request, merger)
    if not pull_request.forked and world.chance(rates.BRANCH_DELETED):
        yield world.now + world.random.randint(2, 60)
        push(world, repository, merger, pull_request.branch, pull_request.head_sha, [])


def _mended(world: World, pull_request: PullRequest) -> Story:
    """Wait for the checks; what is red is repaired, twice at most."""
    for _ in range(2):
        deadline = world.now + PATIENCE
        while pull_request.running and world.now < deadline:
            yield world.now + 5 * MINUTE
        if not pull_request.failing or world.chance(rates.MERGED_RED):
            return
        yield world.after(pull_request.author, HOUR)
        yield from pushed(world, pull_request, 1)
        yield world.now + 30 * MINUTE


def _closed(world: World, pull_request: PullRequest) -> Story:
    if world.chance(0.5):
        yield from remarked(world, pull_request, pull_request.author)
        yield world.now + 2
    _end(world, pull_request, pull_request.author)


def _end(world: World, pull_request: PullRequest, by: Person) -> None:
    pull_request.state, pull_request.closed_at = "closed", world.now
    pull_request.repository.open_issues -= 1
    pull_request.repository.changed()
    tell(world, pull_request, "closed", by)


def _reopened(world: World, pull_request: PullRequest) -> Story:
    pull_request.state, pull_request.closed_at = "open", None
    pull_request.repository.open_issues += 1
    pull_request.repository.changed()
    tell(world, pull_request, "reopened", pull_request.author)
    yield world.after(pull_request.author, HOUR)
    yield from pushed(world, pull_request)


def _lost(pull_request: PullRequest, what: str) -> Story:
    """An account or a fork disappears: nothing is told, the next payload shows it."""
    if pull_request.open:
        setattr(pull_request, what, True)
    yield from ()
