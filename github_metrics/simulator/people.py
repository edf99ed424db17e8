"""The people: habits differ, and stay what they are."""

from dataclasses import dataclass, field
from random import Random

import orjson

from .delivery import ORGANISATION_ID
from .templates import OWNER, Json, Template, example

LOGIN = "meridian"
TEAMS = ("platform", "payments", "frontend", "data")
MEMBERS = (
    "anneke-visser",
    "bruno-tavares",
    "chiara-fontane",
    "daan-okafor",
    "elif-karaca",
    "farid-nasrin",
    "greta-lindqvist",
    "hugo-marchetti",
    "ines-valdivia",
    "jonas-ebersold",
    "kavya-raman",
    "leo-strandberg",
    "mirela-popa",
    "nadia-ferrol",
    "oskar-wendt",
    "priya-sundar",
    "quentin-aubry",
    "rosa-calderon",
    "stefan-hajek",
    "tamsin-oyelaran",
    "ulla-brandvik",
    "vikram-desai",
    "wanda-kosinska",
    "xavi-puig",
    "yuki-tanabe",
    "zofia-mazur",
    "amara-nwosu",
    "benoit-lacroix",
    "carmen-ibarra",
    "dmitri-volkov",
    "esther-boateng",
    "felix-gruber",
    "hana-sato",
    "ivan-petrov",
    "lucia-moretti",
)
OUTSIDERS = (
    "casey-wren",
    "devon-arkwright",
    "marlow-finch",
    "noor-halabi",
    "robin-ashgrove",
    "sasha-quill",
    "toma-ilves",
    "zed-marlowe",
)
ZONES = (-8, -5, 0, 1, 1, 2, 5, 9)


@dataclass(slots=True, eq=False)
class Person:
    """An account; `opens` and `reviews` are weights, `reply` the median seconds until a review is answered."""

    login: str
    id: int
    team: str | None = None
    kind: str = "User"
    utc_offset: int = 0
    starts: int = 9
    ends: int = 18
    weekends: float = 0.03
    opens: float = 1.0
    reviews: float = 1.0
    reply: int = 3 * 3600
    strict: float = 0.2
    talkative: float = 1.0
    association: str = "MEMBER"
    json: orjson.Fragment = field(init=False)
    owner_json: orjson.Fragment = field(init=False)

    def __post_init__(self) -> None:
        account = _USER.fill({"login": self.login})
        account |= {"id": self.id, "node_id": f"U_kgDO{self.id:07x}", "type": self.kind}
        account["avatar_url"] = f"https://avatars.githubusercontent.com/u/{self.id}?v=4"
        self.json = orjson.Fragment(orjson.dumps(account))
        self.owner_json = orjson.Fragment(orjson.dumps({"name": self.login, "email": self.email} | account))

    @property
    def email(self) -> str:
        """The address in commits."""
        return f"{self.id}+{self.login}@users.noreply.github.com"

    @property
    def signature(self) -> Json:
        """As the author of a commit in a push."""
        return {"name": self.login.replace("-", " ").title(), "email": self.email, "username": self.login}


@dataclass(slots=True, eq=False)
class People:
    """Everybody the story knows; `account` is the organisation itself."""

    members: list[Person]
    outsiders: list[Person]
    updates: Person
    reviewer: Person
    labels: Person
    actions: Person
    ghost: Person
    account: Person
    organisation: orjson.Fragment
    teams: dict[str, orjson.Fragment]

    def colleagues(self, author: Person, team: str) -> list[Person]:
        """Who may review `author` in a repository of `team`: mostly the team, anyone in a pinch."""
        return [person for person in self.members if person.team == team and person is not author]


def cast(rng: Random) -> People:
    """The same people for the same seed."""
    ids = iter(range(90_411_007, 200_000_000, 77_431))
    members = [_member(rng, login, next(ids), TEAMS[at % len(TEAMS)]) for at, login in enumerate(MEMBERS)]
    outsiders = [
        Person(
            login,
            next(ids),
            utc_offset=rng.choice(ZONES),
            weekends=0.6,
            ends=22,
            reply=20 * 3600,
            association="CONTRIBUTOR",
        )
        for login in OUTSIDERS
    ]
    return People(
        members,
        outsiders,
        updates=_bot("dependabot[bot]", 49_699_333),
        reviewer=_bot("lintwise-review[bot]", 152_309_417),
        labels=_bot("meridian-labels[bot]", 118_204_662),
        actions=_bot("github-actions[bot]", 41_898_282),
        ghost=Person("ghost", 10_137, association="NONE"),
        account=Person(LOGIN, ORGANISATION_ID, kind="Organization"),
        organisation=orjson.Fragment(orjson.dumps(_organisation())),
        teams={name: _team(name, 6_204_311 + at) for at, name in enumerate(TEAMS)},
    )


def _member(rng: Random, login: str, number: int, team: str) -> Person:
    starts = rng.randint(7, 10)
    return Person(
        login,
        number,
        team,
        utc_offset=rng.choice(ZONES),
        starts=starts,
        ends=starts + rng.randint(8, 10),
        weekends=rng.choice((0.0, 0.02, 0.05, 0.2)),
        opens=rng.lognormvariate(0, 0.7),
        reviews=rng.lognormvariate(0, 0.9),
        reply=int(rng.lognormvariate(9.2, 0.8)),
        strict=rng.uniform(0.05, 0.45),
        talkative=rng.lognormvariate(0, 0.5),
    )


def _bot(login: str, number: int) -> Person:
    return Person(login, number, kind="Bot", starts=0, ends=24, weekends=1.0, reply=180, association="NONE")


def _organisation() -> Json:
    organisation = Template(example("check_run")["organization"], OWNER).fill({"login": LOGIN})
    return organisation | {
        "id": ORGANISATION_ID,
        "node_id": f"O_kgDO{ORGANISATION_ID:x}",
        "avatar_url": f"https://avatars.githubusercontent.com/u/{ORGANISATION_ID}?v=4",
        "description": "Settlement, search and scheduling for freight.",
    }


def _team(name: str, number: int) -> orjson.Fragment:
    team = Template(example("team")["team"], OWNER, {"teams/github": f"teams/{name}", "3253328": str(number)})
    filled = team.fill({"login": LOGIN}) | {"id": number, "node_id": f"T_kwDO{number:x}", "name": name, "slug": name}
    return orjson.Fragment(orjson.dumps(filled | {"privacy": "closed", "description": f"sig-{name}"}))


_USER = Template(example("check_run")["sender"], OWNER)
