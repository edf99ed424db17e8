"""The teams file of one worker: read when it starts and whenever the file changes, beside the requests. Never fatal: the
last good one stands.
"""

import asyncio
import hashlib
import logging
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from github_metrics.counts import counted
from github_metrics.teams.format import MAX_BYTES, read_teams
from projections.queries.teams import Teams
from replay.errors import TeamsFault

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""How long the file is not looked at, after it was."""

State = Literal["none", "ok", "missing", "bad"]
"""none: no file is configured. missing, bad: what stands is the last good one, if there was one."""


@dataclass(frozen=True, slots=True)
class TeamsNow:
    """What holds now. `version` differs wherever what is said or what is wrong with it differs."""

    teams: Teams
    state: State
    fault: str | None = None
    version: str = ""


class TeamsFile:
    """Teams and maintainers, as the file said them when it was last looked at."""

    def __init__(self, path: Path | None, label_prefix: str) -> None:
        self._path = path
        self._now = TeamsNow(Teams(label_prefix), "none" if path is None else "missing")
        self._digest = ""
        self._seen: tuple[int, ...] | None = None
        self.look()

    def current(self) -> TeamsNow:
        """What holds. It costs nothing."""
        return self._now

    @asynccontextmanager
    async def followed(self) -> AsyncIterator[None]:
        """While the file is looked at every LOOK_SECONDS, in a thread: a large one takes a second to parse, and no
        request waits for that.
        """
        following = asyncio.create_task(self._follow())
        try:
            yield
        finally:
            following.cancel()
            await asyncio.wait([following])

    async def _follow(self) -> None:
        while self._path is not None:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await asyncio.to_thread(self.look)
            except Exception:
                log.exception("the teams file could not be looked at; what was read before stands")

    def look(self) -> None:
        """Read the file if it has changed. Call it from one thread at a time."""
        path = self._path
        if path is None:
            return
        try:
            seen = _signature(path)
            if seen != self._seen:
                self._read(path, seen)
        except OSError as error:
            missing = isinstance(error, FileNotFoundError)
            fault = "there is no such file" if missing else error.strerror or "it cannot be read"
            self._refuse("missing" if missing else "bad", fault, changed=self._now.fault != fault)
            self._seen = None

    def _read(self, path: Path, seen: tuple[int, ...]) -> None:
        if not stat.S_ISREG(seen[0]):
            self._seen = seen
            self._refuse("bad", "it is not a file")
            return
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        self._seen = seen
        try:
            teams = read_teams(content, self._now.teams.label_prefix)
        except TeamsFault as fault:
            self._refuse("bad", str(fault))
            return
        self._digest = hashlib.sha256(content).hexdigest()
        self._now = TeamsNow(teams, "ok", None, self._digest)
        log.info("the teams file was read: %s", counted(len(teams.teams), "team"))

    def _refuse(self, state: State, fault: str, *, changed: bool = True) -> None:
        if changed:
            log.warning("the teams file %s cannot be used: %s; what was read before stands", self._path, fault)
        self._now = TeamsNow(self._now.teams, state, fault, f"{self._digest} {state} {fault}")


def _signature(path: Path) -> tuple[int, ...]:
    """What differs once the file was written, replaced, or made readable; first, what kind of file it is."""
    told = path.stat()
    return told.st_mode, told.st_mtime_ns, told.st_ctime_ns, told.st_size, told.st_ino
