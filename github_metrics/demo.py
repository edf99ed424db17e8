"""The demo: the same service on a data directory of its own, fed by the simulator through `POST /metrics`."""

import asyncio
import secrets
import signal
from collections.abc import Coroutine, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Self

import orjson
import psycopg
import structlog
import typer
from pydantic import SecretStr
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from github_metrics.announcement import base_url
from github_metrics.logs import configure_logs
from github_metrics.serve import serve
from github_metrics.settings import Settings
from github_metrics.simulator import simulate
from github_metrics.simulator.delivery import Delivery
from github_metrics.simulator.play import PlayReport, play
from github_metrics.supervisor import Child, stopping
from replay.errors import MetricsError

CONCURRENCY = 16
HISTORY = "history.json"
_PLAIN_STEP = 0.1
_COLUMNS = (
    TextColumn("  Playing the history"),
    BarColumn(),
    TaskProgressColumn(),
    TextColumn("{task.fields[sent]} deliveries"),
    TimeRemainingColumn(),
)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class History:
    """Which history a demo directory holds, kept beside it: an interrupted one is played on, not another begun."""

    seed: int
    days: int
    pull_requests: int
    until: str
    played: bool = False

    @classmethod
    def kept(cls, data_dir: Path) -> "History | None":
        """The history of a directory; None where none was begun."""
        file = data_dir / HISTORY
        return cls(**orjson.loads(file.read_bytes())) if file.exists() else None

    def keep(self, data_dir: Path) -> None:
        """Remember it."""
        (data_dir / HISTORY).write_bytes(orjson.dumps(asdict(self)))

    def deliveries(self) -> Iterator[Delivery]:
        """The same each time."""
        until = datetime.fromisoformat(self.until)
        return simulate(seed=self.seed, until=until, days=self.days, pull_requests=self.pull_requests)


def demo(settings: Settings, data_dir: Path | None, *, days: int, pull_requests: int, seed: int) -> None:
    """Serve the demo until stopped; play the history where it is not played to its end."""
    settings = demo_settings(settings, data_dir or settings.data_dir / "demo")
    asked = History(seed, days, pull_requests, datetime.now(UTC).isoformat())

    def player(conninfo: str) -> list[Child]:
        held = events_held(conninfo)
        history = History.kept(settings.data_dir) if held else asked
        if history is None or history.played:
            typer.echo("  Demo       the history played before is kept; remove the directory to play another")
            return []
        if held:
            typer.echo(f"  Demo       going on with the history begun before, after {held} deliveries")
        history.keep(settings.data_dir)
        return [Child("player", play_history, (settings, history, held), once=True)]

    serve(settings, also=player)


def demo_settings(settings: Settings, data_dir: Path) -> Settings:
    """These settings with a database, a secret and nothing of GitHub's of the demo's own."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return settings.model_copy(
        update={
            "data_dir": data_dir.absolute(),
            "db_name": None,
            "db_user": None,
            "db_password": None,
            "webhook_secret": (demo_secret(data_dir / "webhook-secret"),),
            "verify_github_ips": False,
            "verify_cloudflare_ips": False,
            "setup_webhook": False,
            "github_token": None,
        }
    )


def demo_secret(file: Path) -> SecretStr:
    """The secret that signs the demo's deliveries, made at the first start."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(32))
    return SecretStr(file.read_text().strip())


def events_held(conninfo: str) -> int:
    """How many deliveries have been played or received."""
    with psycopg.connect(conninfo) as connection:
        row = connection.execute("SELECT count(*) FROM webhooks").fetchone()
    return row[0] if row else 0


def play_history(settings: Settings, history: History, held: int) -> None:
    """Post the simulated history to the running service, but for what it holds; a process of its own."""
    configure_logs(settings)
    until = datetime.fromisoformat(history.until)
    # The last ones were under way at once: which of them came is not known, and a duplicate does no harm.
    rest = islice(history.deliveries(), max(0, held - 2 * CONCURRENCY), None)
    secret = settings.webhook_secret[0].get_secret_value()
    url = base_url(settings)
    try:
        with stopping(), Playback(until - timedelta(days=history.days), until) as playback:
            told = playback.follow(rest)
            playing = play(f"{url}/metrics", told, secret=secret, concurrency=CONCURRENCY, on_delivered=playback.sent)
            report = asyncio.run(_until_stopped(playing))
    except MetricsError as error:
        _log.error("the history was not played to its end", reason=error.reason, detail=str(error))
        return
    except asyncio.CancelledError:
        return
    replace(history, played=True).keep(settings.data_dir)
    typer.echo(f"  Demo       {report.delivered} deliveries played: {url}/docs")


async def _until_stopped(playing: Coroutine[Any, Any, PlayReport]) -> PlayReport:
    """SIGTERM and Ctrl-C cancel it, so that no sender is torn off in the middle of a delivery."""
    task = asyncio.current_task()
    assert task is not None
    for signum in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signum, task.cancel)
    return await playing


class Playback:
    """How far the story has come: a bar, or lines where there is no terminal."""

    def __init__(self, since: datetime, until: datetime) -> None:
        """The story runs from `since` to `until`."""
        self._since, self._length = since, until - since
        self._part = 0.0
        self._next_line = _PLAIN_STEP
        console = Console()
        self._bar = Progress(*_COLUMNS, console=console, disable=not console.is_terminal)
        self._task = self._bar.add_task("play", total=1.0, sent=0)

    def __enter__(self) -> Self:
        """Show the bar."""
        self._bar.start()
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        """Leave the terminal as it was; a story told to its end is whole, though its last event came before `until`."""
        if error is None:
            self._bar.update(self._task, completed=1.0)
        self._bar.stop()

    def follow(self, deliveries: Iterable[Delivery]) -> Iterator[Delivery]:
        """The same deliveries, noting the time of each in the story."""
        for delivery in deliveries:
            self._part = (delivery.occurred_at - self._since) / self._length
            yield delivery

    def sent(self, count: int) -> None:
        """So many are delivered."""
        self._bar.update(self._task, completed=self._part, sent=count)
        if self._bar.disable and self._part >= self._next_line:
            typer.echo(f"  Playing the history: {self._part:.0%}, {count} deliveries")
            self._next_line = self._part + _PLAIN_STEP
