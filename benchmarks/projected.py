"""A long history with its projections, made for one measurement or kept for the next."""

import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks import reported_history
from benchmarks.history import size_on_disk
from benchmarks.machine import describe_postgres
from benchmarks.playbacks import drop_retired, replayed
from benchmarks.reported_history import REPORTED
from benchmarks.stage import connected, data_directory, database
from replay import generations


def add_keep(parser: ArgumentParser) -> None:
    """The option of the commands that need such a history."""
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep the histories in DIR, and take those that are there already"
    )


@contextmanager
def projected(events: int, keep: Path | None, reported: int = REPORTED) -> Iterator[Path]:
    """The data directory of so many simulated events and of usage reports on one in `reported` of them, all projected by
    the code of the run that made it.
    """
    with ExitStack() as stack:
        parent = stack.enter_context(data_directory()) if keep is None else keep.absolute()
        name = f"{events}" if reported == REPORTED else f"{events}-{reported}"
        data_dir, done = parent / name, parent / f"{name}.done"
        if done.exists():
            print(f"\n== {events:,} events, {done.read_text()} ==\n", flush=True)
        else:
            made = _make(data_dir, events, reported)
            done.write_text(made)
        yield data_dir


def _make(data_dir: Path, events: int, reported: int) -> str:
    """Says how it was made."""
    before = time.monotonic()
    with database(data_dir) as conninfo:
        with connected(conninfo) as connection:
            appended, size = reported_history.fill(connection, events, reported), size_on_disk(connection) / 1e6
            head, filled = generations.head(connection), time.monotonic()
        run = replayed(conninfo, workers=2, events=head)
        drop_retired(conninfo)
        with connected(conninfo) as connection:
            connection.execute("VACUUM (ANALYZE)")
        print(f"\n== {events:,} events ==\n\n{describe_postgres(conninfo)}")
    made = f"{appended - events:,} usage reports, a log of {size:,.0f} MB"
    print(f"half a year, {made}; appended in {filled - before:.0f} s, projected at {run.per_second:,.0f} events/s\n")
    return made
