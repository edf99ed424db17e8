"""The command line on a test's own database."""

import logging

from psycopg.conninfo import conninfo_to_dict
from typer.testing import CliRunner, Result

from github_metrics.commands.cli import app


def settings_of(database: str, **more: str) -> dict[str, str]:
    """The environment that names a database."""
    parts = conninfo_to_dict(database)
    return {
        "METRICS_DB_NAME": str(parts["dbname"]),
        "METRICS_DB_USER": str(parts.get("user") or "postgres"),
        "METRICS_DB_PASSWORD": str(parts.get("password") or "none"),
        "METRICS_DB_HOST": str(parts.get("host") or "localhost"),
        "METRICS_DB_PORT": str(parts.get("port") or 5432),
        **more,
    }


def invoke(database: str, *arguments: str, given: bytes = b"", **more: str) -> Result:
    """A command, in this process; what it raises is raised. `given` is its standard input."""
    root = logging.getLogger()
    held, level = root.handlers[:], root.level
    try:
        found = CliRunner().invoke(app, list(arguments), input=given, env=settings_of(database, **more))
    finally:
        # A command sets logging up for its own standard error, which is closed by now.
        root.handlers[:] = held
        root.setLevel(level)
        logging.captureWarnings(False)
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found
