"""How alembic reaches the database: the one configured, or the embedded one, started if it does not run."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from alembic import context
from github_metrics.logs import configure_logs
from github_metrics.postgresql.embedded import embedded_conninfo
from github_metrics.settings import load_settings
from replay.errors import MetricsError
from replay.tables import metadata


@contextmanager
def conninfo() -> Iterator[str]:
    """The caller's database if one called us, else that of the settings."""
    given = context.config.attributes.get("conninfo")
    if given is not None:
        yield given
        return
    settings = load_settings()
    configure_logs(settings)
    if not settings.embedded:
        yield settings.conninfo()
        return
    with embedded_conninfo(settings.data_dir) as embedded:
        yield embedded


def is_precious(thing: Any, name: str | None, kind: str, reflected: bool, other: Any) -> bool:  # noqa: ARG001
    """Autogenerate sees only the tables declared in replay.tables; projections own theirs."""
    return kind != "table" or name in metadata.tables


def migrate_online(database: str) -> None:
    """Each migration in a transaction of its own, so that a failure leaves those before it done."""
    # The URL names only the driver: psycopg is given the connection string as it is, whatever the password.
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(database), poolclass=NullPool)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=metadata,
            include_object=is_precious,
            compare_server_default=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()


def migrate_offline() -> None:
    """Print the SQL (`alembic upgrade head --sql`)."""
    context.configure(dialect_name="postgresql", target_metadata=metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    migrate_offline()
else:
    try:
        with conninfo() as database:
            migrate_online(database)
    except MetricsError as error:
        if "conninfo" in context.config.attributes:
            raise
        sys.stderr.write(f"{error}\n")
        sys.exit(2 if error.reason == "settings" else 1)
