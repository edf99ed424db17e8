"""The zstd dictionaries that ship with the service. Files that were released never change."""

from importlib.resources import files

CURRENT = "github-1.zdict"


def current_dictionary() -> bytes:
    """The dictionary that new bodies are compressed with, trained on GitHub's example payloads (MIT)."""
    return files(__name__).joinpath(CURRENT).read_bytes()
