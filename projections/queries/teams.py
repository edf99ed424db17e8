"""Teams and maintainers as the teams file names them: who belongs to which team, everywhere or in one repository."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, slots=True)
class Team:
    """A team. `members` has its maintainers too. `repository`: the only one it is a team of, as org/repo."""

    name: str
    members: tuple[str, ...]
    maintainers: tuple[str, ...] = ()
    repository: str | None = None


@dataclass(frozen=True, slots=True)
class Maintainers:
    """Who maintains a repository; None: all of them."""

    repository: str | None
    maintainers: tuple[str, ...]


@dataclass(frozen=True)
class Teams:
    """What a teams file says, in its order. A repository that has teams of its own has only those.

    A team is known by its `key`: its name without the prefix of labels that name teams, whatever the case.
    """

    label_prefix: str = "sig-"
    teams: tuple[Team, ...] = ()
    maintainers: tuple[Maintainers, ...] = ()

    @property
    def repositories(self) -> tuple[str, ...]:
        """Every repository that is named, as the file writes it first."""
        named = [team.repository for team in self.teams] + [each.repository for each in self.maintainers]
        return distinct(name for name in named if name is not None)

    @property
    def all_maintainers(self) -> tuple[str, ...]:
        """Logins, sorted: who maintains anything."""
        named = [one.maintainers for one in self.maintainers] + [team.maintainers for team in self.teams]
        return distinct(login for logins in named for login in logins)

    def of(self, repository: str) -> Sequence[Team]:
        """The teams of a repository: its own, or else those of all."""
        return self._teams.get(fold(repository)) or self._teams.get(None) or ()

    def maintainers_of(self, repository: str) -> tuple[str, ...]:
        """Logins, sorted: who maintains a repository, by name, everywhere, or in one of its teams."""
        named = [*self._maintainers.get(None, ()), *self._maintainers.get(fold(repository), ())]
        return distinct([*named, *(login for team in self.of(repository) for login in team.maintainers)])

    @cached_property
    def _teams(self) -> dict[str | None, list[Team]]:
        found: dict[str | None, list[Team]] = {}
        for team in self.teams:
            found.setdefault(team.repository and fold(team.repository), []).append(team)
        return found

    @cached_property
    def _maintainers(self) -> dict[str | None, list[str]]:
        found: dict[str | None, list[str]] = {}
        for one in self.maintainers:
            found.setdefault(one.repository and fold(one.repository), []).extend(one.maintainers)
        return found

    @cached_property
    def _names(self) -> dict[str, str]:
        return {self.key(team.name): team.name for team in reversed(self.teams)}

    def key(self, name: str) -> str:
        """What a team, or a label that names one, is compared by."""
        folded, prefix = fold(name), fold(self.label_prefix)
        return folded.removeprefix(prefix) or folded

    def called(self, key: str, otherwise: str | None = None) -> str:
        """The name of a team as the file writes it; of one that is not there, `otherwise`, or the label of that key."""
        return self._names.get(key, otherwise or fold(self.label_prefix) + key)


def fold(name: str) -> str:
    """A name in the lower case of the database, which knows ASCII only."""
    return name.encode(errors="replace").lower().decode()


def distinct(logins: Iterable[str]) -> tuple[str, ...]:
    """Each login once, whatever its case, as it was first written; sorted."""
    first: dict[str, str] = {}
    for login in logins:
        first.setdefault(fold(login), login)
    return tuple(first[key] for key in sorted(first))
