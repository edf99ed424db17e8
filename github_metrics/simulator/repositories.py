"""The repositories: each has its own continuous integration, customs and team."""

from dataclasses import dataclass, field
from zlib import crc32

import orjson

from .people import LOGIN, Person
from .rhythm import DAY, stamp
from .templates import OWNER, REPOSITORY, Json, Template, example, without

COLOURS = ("0e8a16", "1d76db", "5319e7", "b60205", "d93f0b", "fbca04")


@dataclass(slots=True, eq=False)
class Repository:
    """`id` never changes, `name` may; `json` is what every payload carries, drawn again only after a change."""

    id: int
    name: str
    team: str
    language: str
    checks: tuple[str, ...] = ()
    jobs: tuple[tuple[str, str], ...] = ()
    contexts: tuple[str, ...] = ()
    weight: float = 1.0
    deploys: bool = False
    labels_approvals: bool = False
    dismisses: bool = False
    pushed_at: int = 0
    created_at: int = 0
    main: str = "0" * 40
    stars: int = 0
    open_issues: int = 0
    number: int = 0
    merges: int = 0
    deployed: str = "0" * 40
    _drawn: dict[str, orjson.Fragment] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        """Under its present name."""
        return f"{LOGIN}/{self.name}"

    @property
    def url(self) -> str:
        """In the API."""
        return f"https://api.github.com/repos/{LOGIN}/{self.name}"

    @property
    def reference(self) -> Json:
        """The three fields by which check events name a repository."""
        return {"id": self.id, "url": self.url, "name": self.name}

    def next_number(self) -> int:
        """Issues and pull requests share one sequence."""
        self.number += 1
        return self.number

    def changed(self) -> None:
        """Forget what was drawn, labels apart."""
        for name in ("json", "pushed"):
            self._drawn.pop(name, None)

    def renamed(self, name: str) -> None:
        """Every address changes, the id stays."""
        self.name = name
        self._drawn.clear()

    def json(self, owner: Person) -> orjson.Fragment:
        """As in every event but a push."""
        if "json" not in self._drawn:
            self._drawn["json"] = orjson.Fragment(orjson.dumps(self._draw(_REPOSITORY, owner)))
        return self._drawn["json"]

    def pushed(self, owner: Person) -> orjson.Fragment:
        """As in a push, where two times are seconds since 1970."""
        if "pushed" not in self._drawn:
            times = {"created_at": self.created_at, "pushed_at": self.pushed_at, "owner": owner.owner_json}
            drawn = self._draw(_PUSHED, owner) | times
            self._drawn["pushed"] = orjson.Fragment(
                orjson.dumps(drawn | {"stargazers": self.stars, "organization": LOGIN})
            )
        return self._drawn["pushed"]

    def minimal(self, owner: Person) -> orjson.Fragment:
        """As inside a workflow run; the owner's fork, unless the owner is the organisation."""
        key = f"minimal {owner.login}"
        if key not in self._drawn:
            forked = owner.login != LOGIN
            full_name, number = f"{owner.login}/{self.name}", self.fork_id(owner) if forked else self.id
            drawn = _MINIMAL.fill({"repository": full_name})
            drawn |= {"id": number, "node_id": f"R_kgDO{number:x}", "name": self.name, "full_name": full_name}
            self._drawn[key] = orjson.Fragment(orjson.dumps(drawn | {"fork": forked, "owner": owner.json}))
        return self._drawn[key]

    def fork_id(self, person: Person) -> int:
        """A fork is a repository of its own."""
        return self.id + person.id % 1_000_003

    def fork(self, person: Person) -> orjson.Fragment:
        """The person's fork, with an id of its own."""
        key = f"fork {person.login}"
        if key not in self._drawn:
            drawn = self._draw(_REPOSITORY, person, f"{person.login}/{self.name}")
            drawn |= {"id": self.fork_id(person), "fork": True, "open_issues": 0, "open_issues_count": 0}
            self._drawn[key] = orjson.Fragment(orjson.dumps(drawn))
        return self._drawn[key]

    def label(self, name: str) -> orjson.Fragment:
        """The same id for the same name, always."""
        key = f"label {name}"
        if key not in self._drawn:
            number = 5_000_000_000 + crc32(f"{self.id} {name}".encode())
            self._drawn[key] = orjson.Fragment(
                orjson.dumps(
                    {
                        "id": number,
                        "node_id": f"LA_kwDO{number:x}",
                        "url": f"{self.url}/labels/{name}",
                        "name": name,
                        "color": COLOURS[number % len(COLOURS)],
                        "default": name in {"bug", "enhancement"},
                        "description": None,
                    }
                )
            )
        return self._drawn[key]

    def _draw(self, template: Template, owner: Person, full_name: str | None = None) -> Json:
        full_name = full_name or self.full_name
        drawn = template.fill({"repository": full_name, "login": owner.login})
        return drawn | {
            "id": self.id,
            "node_id": f"R_kgDO{self.id:x}",
            "name": self.name,
            "full_name": full_name,
            "owner": owner.json,
            "created_at": stamp(self.created_at),
            "updated_at": stamp(self.pushed_at),
            "pushed_at": stamp(self.pushed_at),
            "language": self.language,
            "stargazers_count": self.stars,
            "watchers_count": self.stars,
            "watchers": self.stars,
            "open_issues_count": self.open_issues,
            "open_issues": self.open_issues,
            "default_branch": "main",
        }


JOBS = (
    ("lint", "ubuntu-latest"),
    ("build", "ubuntu-latest"),
    ("unit (3.11)", "ubuntu-latest"),
    ("unit (3.12)", "ubuntu-latest"),
    ("unit (3.13)", "ubuntu-latest"),
    ("unit (3.14)", "ubuntu-latest"),
    ("integration", "ubuntu-latest"),
    ("package", "ubuntu-latest"),
    ("test", "self-hosted-large"),
)
"""A build matrix, as most organisations have one: what sends most of the deliveries. Name and runner."""


def repositories(start: int) -> list[Repository]:
    """The organisation's, as of `start`."""
    found = [
        Repository(512_004_117, "gateway", "platform", "Go", jobs=JOBS, weight=0.7, deploys=True),
        Repository(
            512_118_902, "scheduler", "platform", "Rust", checks=("build", "clippy", "miri"), labels_approvals=True
        ),
        Repository(
            533_660_415,
            "ledger",
            "payments",
            "Kotlin",
            checks=("verify", "coverage", "lint"),
            deploys=True,
            dismisses=True,
        ),
        Repository(533_904_773, "tariffs", "payments", "Python", contexts=("ci/unit",), weight=0.6),
        Repository(547_222_048, "console", "frontend", "TypeScript", jobs=JOBS[:8], weight=1.1, deploys=True),
        Repository(547_300_981, "design-kit", "frontend", "TypeScript", contexts=("ci/snapshots",), weight=0.6),
        Repository(
            561_733_260, "atlas-index", "data", "Python", checks=("tests", "docs", "types"), labels_approvals=True
        ),
        Repository(
            561_809_954,
            "ingest",
            "data",
            "Scala",
            checks=("compile", "unit"),
            contexts=("ci/integration",),
            dismisses=True,
        ),
    ]
    for at, repository in enumerate(found):
        repository.created_at = start - (400 + 90 * at) * DAY
        repository.pushed_at = start - DAY
        repository.number = 240 * (at + 1)
        repository.open_issues = 7 + at
        repository.stars = 11 * at
    return found


_HELD = ("owner", "license")
_REPOSITORY = Template(without(example("check_run")["repository"], *_HELD), REPOSITORY, OWNER)
_PUSHED = Template(without(example("push")["repository"], *_HELD) | {"master_branch": "main"}, REPOSITORY, OWNER)
_MINIMAL = Template(without(example("workflow_run")["workflow_run"]["head_repository"], "owner"), REPOSITORY)
