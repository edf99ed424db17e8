"""The account that PostgreSQL runs as: it refuses to run as root."""

import os
import pwd
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from replay.errors import DatabaseError

_CANDIDATES = ("postgres", "nobody")
_EXECUTE_BY_OTHERS = 0o001
_READ_BY_OTHERS = 0o005


@dataclass(frozen=True)
class Account:
    """Another account to run as, or (`uid` None) our own."""

    uid: int | None = None
    gid: int | None = None

    @classmethod
    def of(cls, directory: Path) -> "Account":
        """As root: the owner of the directory if it exists, else the account of the database, else nobody."""
        if os.geteuid() != 0:
            return cls()
        if directory.exists() and directory.stat().st_uid != 0:
            return cls(directory.stat().st_uid, directory.stat().st_gid)
        for name in _CANDIDATES:
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return cls(entry.pw_uid, entry.pw_gid)
        raise DatabaseError("PostgreSQL cannot run as root, and there is no account named postgres or nobody")

    def own(self, path: Path) -> None:
        """Give the path to the account."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def command(self, arguments: list[str], directory: Path) -> dict[str, Any]:
        """What to pass to subprocess so that `arguments` run as the account and reach `directory`.

        The account often cannot enter the directories above (/root is closed). They are not opened
        for everybody: the process keeps root's capability to enter them, and nothing else of root.
        """
        if self.uid is None:
            return {"args": arguments}
        if _reachable(Path(arguments[0])) and _reachable(directory):
            return {"args": arguments, "user": self.uid, "group": self.gid, "extra_groups": []}
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise DatabaseError(f"account {self.uid} cannot reach {directory} or {arguments[0]}: run as another user")
        keep = [
            "--inh-caps=-all,+dac_override",
            "--ambient-caps=-all,+dac_override",
            "--bounding-set=-all,+dac_override",
        ]
        drop = [f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups", *keep]
        return {"args": [setpriv, *drop, "--", *arguments]}


def _reachable(path: Path) -> bool:
    parents = all(parent.stat().st_mode & _EXECUTE_BY_OTHERS for parent in path.parents)
    return parents and (path.is_dir() or path.stat().st_mode & _READ_BY_OTHERS == _READ_BY_OTHERS)
