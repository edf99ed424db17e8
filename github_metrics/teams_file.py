"""The teams file of one worker: read when it starts and whenever the file changes. Never fatal: the last good one
stands.
"""

import hashlib
import logging
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from github_metrics.teams_yaml import MAX_BYTES, read_teams
from projections.teams import Teams
from replay.errors import TeamsFault

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""How often the file is looked at, at most."""

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
    """Teams and maintainers, as the file says them now."""

    def __init__(self, path: Path | None, label_prefix: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._now = TeamsNow(Teams(label_prefix), "none" if path is None else "missing")
        self._digest = ""
        self._looked_at: float | None = None
        self._seen: tuple[int, ...] | None = None
        self.current()

    def current(self) -> TeamsNow:
        """What holds. The file is looked at for this, but no more often than every LOOK_SECONDS."""
        now = self._clock()
        if self._path is not None and (self._looked_at is None or now - self._looked_at >= LOOK_SECONDS):
            self._looked_at = now
            self._look(self._path)
        return self._now

    def _look(self, path: Path) -> None:
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
        log.info("the teams file was read: %d teams", len(teams.teams))

    def _refuse(self, state: State, fault: str, *, changed: bool = True) -> None:
        if changed:
            log.warning("the teams file %s cannot be used: %s; what was read before stands", self._path, fault)
        self._now = TeamsNow(self._now.teams, state, fault, f"{self._digest} {state} {fault}")


def _signature(path: Path) -> tuple[int, ...]:
    """What differs once the file was written, replaced, or made readable; first, what kind of file it is."""
    told = path.stat()
    return told.st_mode, told.st_mtime_ns, told.st_ctime_ns, told.st_size, told.st_ino
