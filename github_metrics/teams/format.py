"""The teams file: YAML in one of two forms, read without trusting it.

Ours:

    teams:                        # of every repository, except those that have teams of their own
      storage: [alice, bob]       # the team of the label sig-storage
      network:
        members: [carol]
        maintainers: [dave]       # a member too
    maintainers: [erin]           # of every repository
    repositories:
      octo/hello:
        teams: {docs: [frank]}    # octo/hello has no other team than this
        maintainers: [grace]

That of teams per repository, where every key but `maintainers` is a team:

    octo/hello:
      maintainers: [grace]
      sig-docs: [frank]
"""

import re
from collections.abc import Hashable, Iterable, Iterator
from typing import Any

import yaml
from yaml.constructor import ConstructorError

from projections.queries.teams import Maintainers, Team, Teams, distinct, fold
from replay.errors import TeamsFault

MAX_BYTES = 256 * 1024
"""The largest file that is read: parsing one takes a second."""
MAX_ENTRIES = 20_000
"""Teams and members in one file."""

_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}(\[bot\])?")
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_TEAM = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,100}")


class _Loader(yaml.BaseLoader):
    """Every scalar is text, so that a login may be `123` or `no`; tags mean nothing, and there is no merging.

    Not the loader of libyaml: that one crashes on deep nesting.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        found = super().construct_mapping(node, deep)
        if len(found) < len(node.value):
            raise ConstructorError(None, None, "a key comes twice", node.start_mark)
        return found


def read_teams(content: bytes, label_prefix: str) -> Teams:
    """What a file says. Raises TeamsFault, which says where it is wrong."""
    if len(content) > MAX_BYTES:
        raise TeamsFault(f"larger than {MAX_BYTES} bytes")
    told = _mapping(_parsed(content), "the file")
    ours = told.keys() <= {"teams", "maintainers", "repositories"}
    entries = list(_limited(_ours(told) if ours else _by_repository(told)))
    teams = Teams(
        label_prefix,
        tuple(each for each in entries if isinstance(each, Team)),
        tuple(each for each in entries if isinstance(each, Maintainers) and each.maintainers),
    )
    _check(teams)
    return teams


def _parsed(content: bytes) -> Any:
    try:
        return _Loader(content.decode("utf-8-sig")).get_single_data()
    except UnicodeDecodeError:
        raise TeamsFault("not UTF-8") from None
    except RecursionError:
        raise TeamsFault("nested too deeply") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}: " if mark is not None else ""
        raise TeamsFault(f"{where}{error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise TeamsFault(f"not YAML: {str(error).splitlines()[0][:200]}") from None


def _ours(told: dict[str, Any]) -> Iterator[Team | Maintainers]:
    yield from _teams(told.get("teams"), "teams", None)
    yield Maintainers(None, _logins(told.get("maintainers"), "maintainers"))
    for repository, of in _mapping(told.get("repositories"), "repositories").items():
        _named(repository)
        own = _mapping(of, repository)
        if unknown := own.keys() - {"teams", "maintainers"}:
            raise TeamsFault(f"{repository}: {_short(min(unknown))} is neither teams nor maintainers")
        yield from _teams(own.get("teams"), repository, repository)
        yield Maintainers(repository, _logins(own.get("maintainers"), repository))


def _by_repository(told: dict[str, Any]) -> Iterator[Team | Maintainers]:
    for repository, of in told.items():
        _named(repository)
        own = _mapping(of, repository)
        yield from _teams({name: who for name, who in own.items() if name != "maintainers"}, repository, repository)
        yield Maintainers(repository, _logins(own.get("maintainers"), repository))


def _named(repository: str) -> None:
    if not _REPOSITORY.fullmatch(repository):
        raise TeamsFault(f"{_short(repository)} is not a repository in the form org/repo")


def _teams(told: Any, where: str, repository: str | None) -> Iterator[Team]:
    for name, of in _mapping(told, where).items():
        here = f"{where}: {_short(name)}"
        if not _TEAM.fullmatch(name):
            raise TeamsFault(f"{here} is not a name of a team")
        if not isinstance(of, dict):
            yield Team(name, _logins(of, here), (), repository)
            continue
        if unknown := of.keys() - {"members", "maintainers"}:
            raise TeamsFault(f"{here}: {_short(min(unknown))} is neither members nor maintainers")
        maintainers = _logins(of.get("maintainers"), here)
        yield Team(name, distinct([*_logins(of.get("members"), here), *maintainers]), maintainers, repository)


def _mapping(told: Any, where: str) -> dict[str, Any]:
    """Nothing at all is an empty mapping."""
    if told is None or told == "":
        return {}
    if not isinstance(told, dict):
        raise TeamsFault(f"{where} is not a mapping of names")
    for name in told:
        if not isinstance(name, str):
            raise TeamsFault(f"{where}: {_short(name)} is not a name")
    return told


def _logins(told: Any, where: str) -> tuple[str, ...]:
    if told is None or told == "":
        return ()
    if not isinstance(told, list):
        raise TeamsFault(f"{where} is not a list of logins")
    for login in told:
        if not isinstance(login, str) or not _LOGIN.fullmatch(login):
            raise TeamsFault(f"{where}: {_short(login)} is not a login")
    return distinct(told)


def _limited(told: Iterable[Team | Maintainers]) -> Iterator[Team | Maintainers]:
    """As they come: an alias in YAML says much in little."""
    size = 0
    for each in told:
        size += 1 + len(each.members if isinstance(each, Team) else each.maintainers)
        if size > MAX_ENTRIES:
            raise TeamsFault(f"more than {MAX_ENTRIES} teams and members")
        yield each


def _check(teams: Teams) -> None:
    """No team may be there twice, with and without the prefix of labels, say."""
    seen: set[tuple[str, str]] = set()
    for team in teams.teams:
        known = (fold(team.repository or ""), teams.key(team.name))
        if known in seen:
            raise TeamsFault(f"{team.repository or 'teams'}: the team {_short(team.name)} is there twice")
        seen.add(known)


def _short(value: object) -> str:
    return ascii(value)[:60]
