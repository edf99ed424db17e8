"""The projector as a process: one that the service starts, or one alone."""

import asyncio
import signal
from contextlib import ExitStack

import typer

from github_metrics.logs import configure_logs
from github_metrics.postgresql.database import await_database, migrate
from github_metrics.postgresql.embedded import embedded_conninfo
from github_metrics.processes.announcement import database_named
from github_metrics.processes.supervisor import ignore_stop_signals, stopping
from github_metrics.settings import Settings


def run_projector(settings: Settings, conninfo: str) -> None:
    """One projector, until SIGTERM."""
    from github_metrics.processes.projecting import project  # only this process needs it

    async def until_stopped() -> None:
        task = asyncio.ensure_future(project(settings, conninfo))
        for signum in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(signum, task.cancel)
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()

    configure_logs(settings)
    try:
        asyncio.run(until_stopped())
    finally:
        ignore_stop_signals()  # which the loop, closing, has given back their power to kill


def project_alone(settings: Settings) -> None:
    """Project the configured database, or the embedded one of a service that runs or not, until stopped."""
    with ExitStack() as stack:
        stack.enter_context(stopping())
        typer.echo(f"Projecting {database_named(settings)}")
        conninfo = (
            stack.enter_context(embedded_conninfo(settings.data_dir)) if settings.embedded else settings.conninfo()
        )
        await_database(conninfo, tell=typer.echo)
        migrate(conninfo)
        run_projector(settings, conninfo)
