"""Processes that tests start."""

import os
import sys
from collections.abc import Iterator

import pytest


def environment(**settings: str) -> dict[str, str]:
    """This process's environment without the settings of whoever runs the tests, and with these."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("METRICS_")}
    return {**inherited, **settings}


def keep_compiled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A fixture: compiled modules are kept for the next process, if they are not kept beside their sources already;
    half of a start would be compiling.
    """
    if not sys.dont_write_bytecode:
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path_factory.getbasetemp() / "compiled"))
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        yield
