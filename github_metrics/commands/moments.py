"""Times and positions as they are given on the command line."""

from datetime import UTC, datetime

import typer


def time_option(text: str | None) -> datetime | None:
    """A time in ISO 8601, UTC unless it has an offset."""
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text.strip())
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text} is not a time: use ISO 8601, for example 2024-01-15T00:00:00Z") from None


def moment_option(text: str | None) -> int | datetime | None:
    """A position of the log, in digits alone, or a time."""
    if text is not None and text.strip().isdecimal():
        position = int(text)
        if position >= 2**63:
            raise typer.BadParameter(f"{text} is no position of the log")
        return position
    return time_option(text)
