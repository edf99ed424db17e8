"""The service as processes: a database, one projector, and workers that share one listening socket."""

import gc
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack

import structlog
import typer

from github_metrics.logs import configure_logs
from github_metrics.postgresql.database import await_database, migrate, pool_size_per_worker
from github_metrics.postgresql.embedded import Embedded, embedded, only_service
from github_metrics.processes.announcement import announce, base_url
from github_metrics.processes.projector_process import run_projector
from github_metrics.processes.supervisor import Child, stopping, supervise
from github_metrics.settings import Settings
from replay.errors import DatabaseError, PortInUse, StartError

BACKLOG = 2048
GRACEFUL_SECONDS = 2
"""How long a worker lets requests finish when it stops."""

_log = structlog.get_logger(__name__)


def serve(
    settings: Settings, *, projector: bool = True, also: Callable[[str], Sequence[Child]] = lambda _conninfo: ()
) -> None:
    """Run until SIGTERM or Ctrl-C, then raise SystemExit(0) with nothing left running.

    `also` names further processes, given the connection string.
    """
    with ExitStack() as stack:
        stack.enter_context(stopping())
        if settings.embedded:
            stack.enter_context(only_service(settings.data_dir, base_url(settings)))
        listener = stack.enter_context(listen(settings))
        announce(settings)
        server = stack.enter_context(embedded(settings.data_dir)) if settings.embedded else None
        conninfo = server.conninfo if server else settings.conninfo()
        await_database(conninfo, tell=typer.echo)
        migrate(conninfo)
        pool_size = pool_size_per_worker(settings, conninfo)
        workers = [
            Child(f"worker {number}", run_worker, (settings, conninfo, pool_size, listener))
            for number in range(1, settings.server_workers + 1)
        ]
        projectors = [Child("projector", run_projector, (settings, conninfo))] if projector else []
        supervise([*projectors, *workers, *also(conninfo)], lambda: _revive(server))


def run_worker(
    settings: Settings, conninfo: str, pool_size: int, listener: socket.socket, schema: str | None = None
) -> None:
    """One uvicorn worker; with a schema, one that only reads from it."""
    gc.disable()  # until it is frozen below: what is loaded stays, and a fifth of a start went on looking through it
    # Imported here: the parent, which only supervises, stays small and quick to start.
    from github_metrics.app import create_app
    from github_metrics.processes.worker import Worker

    configure_logs(settings)
    app = create_app(settings, conninfo, pool_size=pool_size, schema=schema)
    worker = Worker(app, backlog=BACKLOG, timeout_graceful_shutdown=GRACEFUL_SECONDS)
    # The application lives as long as the worker. Looking through it for garbage would stop all requests for 0.2 s.
    gc.collect()
    gc.freeze()
    gc.enable()
    worker.run(sockets=[listener])


def listen(settings: Settings) -> socket.socket:
    """Take the address at once, before anything else is started; who connects early waits."""
    host, port = settings.server_host, settings.server_port
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server((str(address[0]), int(address[1])), family=family, backlog=BACKLOG)
    except OSError as error:
        if isinstance(error, socket.gaierror) or "in use" not in str(error):
            raise StartError(f"cannot listen on {host}:{port}: {error.strerror}") from None
        raise PortInUse(f"port {port} is in use: stop what listens there, or set METRICS_SERVER_PORT") from None


def _revive(server: Embedded | None) -> None:
    """The embedded server has no other guardian; until it is back, deliveries are refused with 503."""
    if server is None or server.runs():
        return
    _log.error("embedded database died, starting it again")
    try:
        server.start()
    except DatabaseError as error:
        _log.exception("embedded database does not start", reason=error.reason)
