"""`serve --schema`: a read-only service over projections as they were at one position of the log."""

from contextlib import ExitStack

import psycopg
import typer

from github_metrics.postgresql.database import await_database, pool_size_per_worker
from github_metrics.postgresql.embedded import embedded_conninfo
from github_metrics.processes.announcement import announce
from github_metrics.processes.serve import listen, run_worker
from github_metrics.processes.supervisor import Child, stopping, supervise
from github_metrics.settings import Settings
from projections.catalog import active_projections
from replay.errors import StartError
from replay.moment_schema import MomentSchema


def serve_moment(settings: Settings, schema: str) -> None:
    """Run until SIGTERM or Ctrl-C. Nothing is written, and no migration and no projector run; another service may
    run on the same database.
    """
    with ExitStack() as stack:
        stack.enter_context(stopping())
        listener = stack.enter_context(listen(settings))
        announce(settings, receives=False)
        embedded = settings.embedded
        conninfo = stack.enter_context(embedded_conninfo(settings.data_dir)) if embedded else settings.conninfo()
        await_database(conninfo, tell=typer.echo)
        until = check_schema(conninfo, schema)
        typer.echo(f"  Read only  schema {schema}, position {until:,} of the log")
        pool_size = pool_size_per_worker(settings, conninfo)
        workers = [
            Child(f"worker {number}", run_worker, (settings, conninfo, pool_size, listener, schema))
            for number in range(1, settings.server_workers + 1)
        ]
        supervise(workers, lambda: None)


def check_schema(conninfo: str, schema: str) -> int:
    """The position that a schema is of. Raises StartError for one that this release cannot read."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        moment = MomentSchema(connection, schema)
        if not moment.exists():
            raise StartError(f"there is no schema {schema}: build it with `replay --until … --into {schema}`")
        definitions = {projection.name: projection.definition_hash for projection in active_projections()}
        for held in moment.generations():
            if not held.live:
                raise StartError(f"schema {schema} is not finished: the `replay` that was interrupted resumes it")
            if definitions.get(held.projection, held.definition_hash) != held.definition_hash:
                raise StartError(f"schema {schema} has another definition of {held.projection}: build it again")
        return moment.until()
