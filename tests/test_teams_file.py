"""The teams file: both forms of it, what is refused, and that a worker follows it as it changes."""

import asyncio
import logging
import os
import textwrap
import threading
from pathlib import Path
from typing import Any

import pytest

from github_metrics.teams.file import TeamsFile
from github_metrics.teams.format import MAX_BYTES, read_teams
from projections.queries.teams import Maintainers, Team, Teams
from replay.errors import TeamsFault
from tests.histories import until
from tests.test_docs import blocks

OURS = """
    teams:
      storage: [bob, Alice, alice]
      sig-network:
        members: [carol]
        maintainers: [dave]
    maintainers: [erin]
    repositories:
      octo/docs:
        teams: {writers: [frank]}
        maintainers: [grace]
"""
BY_REPOSITORY = """
    octo/hello:
      maintainers: [grace]
      sig-storage:
        - alice
        - 123
        - no
    octo/tools:
      sig-storage: []
      sig-network:
"""


def read(text: str, prefix: str = "sig-") -> Teams:
    return read_teams(textwrap.dedent(text).encode(), prefix)


def test_our_form() -> None:
    assert read(OURS) == Teams(
        "sig-",
        (
            Team("storage", ("Alice", "bob")),
            Team("sig-network", ("carol", "dave"), ("dave",)),
            Team("writers", ("frank",), (), "octo/docs"),
        ),
        (Maintainers(None, ("erin",)), Maintainers("octo/docs", ("grace",))),
    )


def test_the_form_of_teams_by_repository() -> None:
    """A login is text, whatever YAML would take it for."""
    assert read(BY_REPOSITORY) == Teams(
        "sig-",
        (
            Team("sig-storage", ("123", "alice", "no"), (), "octo/hello"),
            Team("sig-storage", (), (), "octo/tools"),
            Team("sig-network", (), (), "octo/tools"),
        ),
        (Maintainers("octo/hello", ("grace",)),),
    )


def test_the_examples_of_the_documentation_are_read() -> None:
    ours, by_repository = [read(example) for example in blocks("docs/operating.md", "yaml")]
    assert [(team.name, team.members, team.repository) for team in ours.teams] == [
        ("storage", ("alice", "bob"), None),
        ("network", ("bob", "carol", "dave"), None),
        ("docs", ("frank",), "octo/hello"),
    ]
    assert ours.maintainers_of("octo/hello") == ("erin", "grace")
    assert [team.name for team in by_repository.of("octo/hello")] == ["sig-docs"]


def test_a_file_that_says_nothing_names_nobody() -> None:
    assert read("") == read("# nothing yet\n") == read("teams:\n") == Teams("sig-")


def test_a_team_is_the_same_with_and_without_the_prefix_in_any_case() -> None:
    teams = read(OURS)
    assert {teams.key(name) for name in ("storage", "sig-storage", "SIG-Storage", "STORAGE")} == {"storage"}
    assert teams.key("sig-") == "sig-"
    assert [teams.called(key) for key in ("storage", "network", "nobody")] == ["storage", "sig-network", "sig-nobody"]


def test_a_repository_that_has_teams_has_only_those() -> None:
    teams = read(OURS)
    assert [team.name for team in teams.of("Octo/Docs")] == ["writers"]
    assert [team.name for team in teams.of("octo/hello")] == ["storage", "sig-network"]


def test_maintainers_are_those_by_name_those_of_all_and_those_of_its_teams() -> None:
    teams = read(OURS)
    assert teams.maintainers_of("OCTO/docs") == ("erin", "grace")
    assert teams.maintainers_of("octo/hello") == ("dave", "erin")
    assert teams.repositories == ("octo/docs",)


def test_an_alias_is_understood() -> None:
    teams = read("octo/a: &same {sig-x: [alice]}\nocto/b: *same")
    assert [(team.repository, team.members) for team in teams.teams] == [("octo/a", ("alice",)), ("octo/b", ("alice",))]


BOMB = "a: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
LARGE = f"octo/r: &m {{x: [{', '.join(f'l{n}' for n in range(2500))}]}}\n" + "".join(
    f"o/r{n}: *m\n" for n in range(2500)
)
WIDE = f"octo/r: &m {{{', '.join(f't{n}: []' for n in range(2500))}}}\n" + "".join(f"o/r{n}: *m\n" for n in range(2500))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("- alice", "the file is not a mapping"),
        ("alice", "the file is not a mapping"),
        ("teams: alice", "teams is not a mapping"),
        ("teams: {storage: alice}", "teams: 'storage' is not a list of logins"),
        ("teams: {storage: [[alice]]}", "teams: 'storage': ['alice'] is not a login"),
        ("teams: {storage: [{alice: bob}]}", "is not a login"),
        ("teams: {storage: [al ice]}", "teams: 'storage': 'al ice' is not a login"),
        ('teams: {storage: ["al\\0ice"]}', r"'al\x00ice' is not a login"),
        ('teams: {"\\0": [alice]}', "is not a name of a team"),
        ('teams: {"\\uD800": [alice]}', "is not a name of a team"),
        ("teams: {storage: {lead: [alice]}}", "'lead' is neither members nor maintainers"),
        ("teams: {storage: [alice], sig-storage: [bob]}", "the team 'sig-storage' is there twice"),
        ("teams: {}\nteams: {}", "line 1: a key comes twice"),
        ("repositories: {hello: {}}", "'hello' is not a repository"),
        ("repositories: {octo/hello: {team: {}}}", "octo/hello: 'team' is neither teams nor maintainers"),
        ("teams: {}\nocto/hello: {}", "'teams' is not a repository"),
        ("octo/hello: [alice]", "octo/hello is not a mapping"),
        ("octo/hello: {sig-x: [alice], maintainers: {alice: }}", "is not a list of logins"),
        ("teams: {storage: [alice]", "line 1: expected ',' or '}'"),
        ("teams: {}\n---\nteams: {}", "but found another document"),
        ("teams: \t@", "cannot start any token"),
        ("teams: *nobody", "found undefined alias"),
        ("teams: &a {storage: *a}", "recursive"),
        ("? [teams]\n: {}", "unhashable key"),
        ("[" * 20_000, "nested too deeply"),
        ("a\x00b", "not YAML"),
        (BOMB, "'a' is not a repository"),
        (f"teams:\n  {BOMB.replace(chr(10), chr(10) + '  ')}", "is not a login"),
        (LARGE, "more than 20000 teams and members"),
        (WIDE, "more than 20000 teams and members"),
        ("#" * (MAX_BYTES + 1), "larger than 262144 bytes"),
    ],
)
@pytest.mark.timeout(60)
def test_what_is_refused_and_what_is_said_of_it(text: str, fault: str) -> None:
    """Within the timeout: no alias is multiplied out."""
    with pytest.raises(TeamsFault) as refused:
        read(text)
    assert fault in str(refused.value)
    assert len(str(refused.value)) < 300


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(TeamsFault, match="not UTF-8"):
        read_teams(b"teams: {storage: [\xff]}", "sig-")


def test_tags_are_not_obeyed() -> None:
    assert read("teams: !!python/object/apply:os.system {storage: [!!python/name:os.system alice]}").teams == (
        Team("storage", ("alice",)),
    )


# ── As the file changes ───────────────────────────────────────────────────────────────────────────────────────────


def names(file: TeamsFile) -> list[str]:
    file.look()
    return [team.name for team in file.current().teams.teams]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    found = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    caplog.clear()
    return found


def test_a_change_is_seen_when_the_file_is_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "teams.yaml"
    path.write_text("teams: {storage: [alice]}")
    file = TeamsFile(path, "sig-")
    before = file.current()
    assert before.state == "ok"
    path.write_text("teams: {network: [alice]}")
    assert file.current() is before
    assert names(file) == ["network"]
    now = file.current()
    assert now.version != before.version
    file.look()
    assert file.current() is now


def test_a_file_that_is_followed_is_read_beside_what_else_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one thread is held up in reading it, the loop goes on, and what was read before stands."""
    path, begun, go_on = tmp_path / "teams.yaml", threading.Event(), threading.Event()
    path.write_text("teams: {storage: [alice]}")
    file = TeamsFile(path, "sig-")

    def slowly(*given: Any) -> Teams:
        begun.set()
        assert go_on.wait(20)
        return read_teams(*given)

    async def follow() -> None:
        async with file.followed():
            path.write_text("teams: {network: [alice]}")
            await asyncio.to_thread(begun.wait, 20)
            assert [team.name for team in file.current().teams.teams] == ["storage"]
            go_on.set()
            await asyncio.to_thread(until, lambda: file.current().teams.teams[0].name == "network")

    monkeypatch.setattr("github_metrics.teams.file.read_teams", slowly)
    monkeypatch.setattr("github_metrics.teams.file.LOOK_SECONDS", 0.01)
    asyncio.run(asyncio.wait_for(follow(), 30))


def test_a_fault_of_ours_does_not_end_the_following(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "teams.yaml"
    path.write_text("teams: {storage: [alice]}")
    file = TeamsFile(path, "sig-")

    def fails(*_given: Any) -> Teams:
        monkeypatch.setattr("github_metrics.teams.file.read_teams", read_teams)
        raise ZeroDivisionError

    async def follow() -> None:
        async with file.followed():
            while not caplog.records:
                path.write_text("teams: {network: [alice]}")
                await asyncio.sleep(0.01)
            path.write_text("teams: {kernel: [alice]}")
            await asyncio.to_thread(until, lambda: file.current().teams.teams[0].name == "kernel")

    monkeypatch.setattr("github_metrics.teams.file.read_teams", fails)
    monkeypatch.setattr("github_metrics.teams.file.LOOK_SECONDS", 0.01)
    asyncio.run(asyncio.wait_for(follow(), 30))
    assert [record.exc_info is not None for record in caplog.records if record.levelno == logging.ERROR] == [True]


def test_a_file_of_the_same_size_that_takes_its_place_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "teams.yaml"
    path.write_text("teams: {aaa: [alice]}")
    file = TeamsFile(path, "sig-")
    (tmp_path / "new").write_text("teams: {bbb: [alice]}")
    os.utime(tmp_path / "new", ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    (tmp_path / "new").replace(path)
    assert names(file) == ["bbb"]


def test_a_bad_file_is_said_once_and_the_last_good_one_stands(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "teams.yaml"
    path.write_text("teams: {storage: [alice]}")
    file = TeamsFile(path, "sig-")
    good = file.current()
    versions = {good.version}
    for content, fault in (("teams: [", "line 1"), ("teams: [alice]", "teams is not a mapping")):
        path.write_text(content)
        for _ in range(3):
            file.look()
            now = file.current()
        assert (now.state, now.teams) == ("bad", good.teams)
        assert now.fault is not None
        assert fault in now.fault
        versions.add(now.version)
        (said,) = warnings(caplog)
        assert str(path) in said
        assert fault in said
    assert len(versions) == 3
    path.write_text("teams: {storage: [alice]}")
    file.look()
    assert file.current() == good


@pytest.mark.parametrize("configured", [True, False])
def test_a_file_that_is_not_there_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, configured: bool
) -> None:
    path = tmp_path / "teams.yaml"
    file = TeamsFile(path if configured else None, "sig-")
    assert file.current().state == ("missing" if configured else "none")
    file.look()
    assert file.current().teams == Teams("sig-")
    assert len(warnings(caplog)) == configured
    path.write_text("teams: {storage: [alice]}")
    assert names(file) == (["storage"] if configured else [])
    path.unlink()
    assert names(file) == (["storage"] if configured else [])
    assert file.current().state == ("missing" if configured else "none")
    assert len(warnings(caplog)) == configured
    path.write_text("teams: {storage: [alice]}")
    file.look()
    assert file.current().state == ("ok" if configured else "none")


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    """A pipe without a writer would never end."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        file = TeamsFile(path, "sig-")
        assert (file.current().state, file.current().fault) == ("bad", "it is not a file")


def test_a_path_that_cannot_be_looked_at_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "teams.yaml", tmp_path / ("x" * 300)):
        now: Any = TeamsFile(path, "sig-").current()
        assert (now.state, now.teams) == ("bad", Teams("sig-"))
        assert now.fault
