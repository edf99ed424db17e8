"""The database before the service uses it: is it there, is it new enough, is its schema up to date."""

import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import structlog
from psycopg.conninfo import conninfo_to_dict

import github_metrics
from github_metrics.settings import Settings
from replay.errors import DatabaseAway, DatabaseError, DatabaseTooOld

OLDEST = 16
WAIT_SECONDS = 60.0
CONNECTIONS_PER_WORKER = 2
"""Beside its pool: one that appends, one that listens."""
CONNECTIONS_OF_PROJECTOR = 3

_RETRY_SECONDS = 0.5
_PROGRESS_SECONDS = 5.0
_MIGRATION_LOCK = 0x6D65747269637301
_HOPELESS = ("28", "3D")
"""Classes of SQLSTATE that waiting does not mend: authentication, and a database that does not exist."""

_log = structlog.get_logger(__name__)


def await_database(conninfo: str, *, seconds: float = WAIT_SECONDS, tell: Callable[[str], None] = print) -> None:
    """Wait until the database answers, then check its version.

    Raises DatabaseAway when it does not in time, DatabaseError when it refuses us, DatabaseTooOld.
    """
    deadline = time.monotonic() + seconds
    told = 0.0
    while True:
        try:
            with psycopg.connect(conninfo, connect_timeout=5) as connection:
                return _check_version(connection)
        except psycopg.OperationalError as error:
            reason = _reason(error)
            if _is_hopeless(error):
                raise DatabaseError(f"{place(conninfo)} refuses us: {reason}") from None
        if time.monotonic() >= deadline:
            raise DatabaseAway(f"{place(conninfo)} has not answered for {seconds:.0f} seconds: {reason}") from None
        if time.monotonic() - told > _PROGRESS_SECONDS:
            tell(f"Waiting for the database {place(conninfo)}: {reason}")
            told = time.monotonic()
        time.sleep(_RETRY_SECONDS)


def _check_version(connection: psycopg.Connection) -> None:
    version = connection.info.server_version
    if version // 10_000 < OLDEST:
        raise DatabaseTooOld(f"the database is PostgreSQL {version // 10_000}; {OLDEST} or newer is needed")


def _reason(error: psycopg.Error) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__


def _is_hopeless(error: psycopg.OperationalError) -> bool:
    # While connecting psycopg has no SQLSTATE to give, only the server's words.
    if error.sqlstate:
        return error.sqlstate.startswith(_HOPELESS)
    text = str(error)
    return "FATAL:" in text and any(words in text for words in ("authentication failed", "does not exist", "no pg_hba"))


def place(conninfo: str) -> str:
    """The database as a person names it, without a password."""
    given = conninfo_to_dict(conninfo)
    return f"{given.get('host', 'localhost')}:{given.get('port', 5432)}/{given.get('dbname', '')}"


def alembic_directory() -> Path:
    """The migrations: in the installed package, or beside it in a checkout."""
    package = Path(github_metrics.__file__).parent
    installed = package / "alembic"
    return installed if installed.is_dir() else package.parent / "alembic"


def migrate(conninfo: str) -> None:
    """Bring the schema to the newest migration; of several that start together one does, the others wait."""
    # Imported here: workers and projectors, which never migrate, start a fifth of a second sooner.
    from alembic.config import Config

    from alembic import command

    config = Config()
    config.set_main_option("script_location", str(alembic_directory()).replace("%", "%%"))
    config.attributes["conninfo"] = conninfo
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_MIGRATION_LOCK])
        command.upgrade(config, "head")


def pool_size_per_worker(settings: Settings, conninfo: str) -> int:
    """Each worker's share of METRICS_DB_POOL_SIZE, at least 1, and no more than the server allows."""
    workers = settings.server_workers
    wanted = max(1, settings.db_pool_size // workers)
    allowed = (_connections_allowed(conninfo) - CONNECTIONS_OF_PROJECTOR) // workers - CONNECTIONS_PER_WORKER
    if wanted <= allowed:
        return wanted
    _log.warning(
        "METRICS_DB_POOL_SIZE is more than the server allows", asked=settings.db_pool_size, allowed=allowed * workers
    )
    return max(1, allowed)


def _connections_allowed(conninfo: str) -> int:
    with psycopg.connect(conninfo) as connection:
        names = ["max_connections", "superuser_reserved_connections", "reserved_connections"]
        rows = connection.execute("SELECT name, setting::int FROM pg_settings WHERE name = ANY(%s)", [names]).fetchall()
    values: dict[str, int] = dict(rows)
    return values["max_connections"] - values["superuser_reserved_connections"] - values["reserved_connections"]
