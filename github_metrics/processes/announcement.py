"""The first lines the service prints: where everything is, and what is open."""

from importlib.metadata import version

import typer

from github_metrics.postgresql.database import place
from github_metrics.settings import Settings

_EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound


def base_url(settings: Settings) -> str:
    """Where a browser on this machine finds the service."""
    host = "localhost" if settings.server_host in _EVERY_ADDRESS else settings.server_host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.server_port}"


def announce(settings: Settings, *, receives: bool = True) -> None:
    """Say where everything is, and what is open. `receives`: whether it takes deliveries."""
    url = base_url(settings)
    typer.echo(f"GitHub Metrics {version('github-metrics')}")
    typer.echo(f"  Dashboard  {url}/dashboard")
    typer.echo(f"  API docs   {url}/docs")
    if receives:
        typer.echo(f"  Webhook    POST {url}/metrics")
    typer.echo(f"  Database   {database_named(settings)}")
    for line in open_doors(settings, receives=receives):
        typer.echo(f"  Open       {line}")


def database_named(settings: Settings) -> str:
    """The database as a person names it."""
    if settings.embedded:
        return f"embedded PostgreSQL in {settings.data_dir}"
    return f"PostgreSQL {place(settings.conninfo())}"


def open_doors(settings: Settings, *, receives: bool = True) -> list[str]:
    """One line for each protection that is not configured."""
    doors = []
    if receives and not settings.webhook_secret:
        doors.append("no METRICS_WEBHOOK_SECRET: anyone who reaches the port can post deliveries")
    if not settings.api_keys:
        doors.append("no METRICS_API_KEYS: anyone who reaches the port can read")
    if settings.server_host in _EVERY_ADDRESS:
        doors.append(f"METRICS_SERVER_HOST is {settings.server_host}: the port is reachable from other machines")
    return doors
