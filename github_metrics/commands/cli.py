"""The command line."""

import os
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated

import structlog
import typer

from github_metrics.commands.moments import time_option
from github_metrics.commands.replay_cli import parked_app, replay_app, verify
from github_metrics.environment import process_environment, unknown_variables, variable
from github_metrics.logs import configure_logs
from github_metrics.settings import Settings, as_written, load_settings, setting_rows
from replay.errors import MetricsError, SettingsError, UnknownProjection


def _settings_help() -> str:
    lines = ["\b", "Settings, from the environment or the file .env of the working directory:"]
    for name, default, description in setting_rows():
        lines.append(f"  {name}{f'={default}' if default else ''}")
        lines.append(f"      {description}")
    lines += ["  A secret may be given in a file instead: METRICS_DB_PASSWORD_FILE, METRICS_WEBHOOK_SECRET_FILE,"]
    lines += ["  METRICS_API_KEYS_FILE, METRICS_GITHUB_TOKEN_FILE. Lists are separated by commas."]
    lines += ["", "\b", "Exit codes: 0 stopped or done, 1 could not run (database, port, already running),"]
    return "\n".join([*lines, "2 a setting or the command line is wrong, 130 interrupted."])


app = typer.Typer(
    name="github-metrics",
    help="Receive GitHub webhooks, keep every delivery, and serve review and CI numbers. No command means serve.",
    epilog=_settings_help(),
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version_of("github-metrics"))
        raise typer.Exit


@app.callback(invoke_without_command=True)
def no_command(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - its callback acts
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Serve, unless a command is named."""
    context.obj = _begin
    if context.invoked_subcommand is None:
        serve()


@app.command()
def serve(
    projector: Annotated[
        bool, typer.Option("--projector/--no-projector", help="Keep the read models up to date here, or elsewhere.")
    ] = True,
    schema: Annotated[
        str | None, typer.Option(help="Only read, from a schema that `replay --until … --into SCHEMA` has built.")
    ] = None,
) -> None:
    """Start the whole service.

    Database, migrations, projector and workers; without METRICS_DB_* the database is an embedded PostgreSQL.
    With --schema it takes nothing in and may run beside another service, on a METRICS_SERVER_PORT of its own.
    """
    if schema is not None:
        from github_metrics.processes.serve_moment import serve_moment

        serve_moment(_begin(), schema)
        return
    from github_metrics.processes import serve as service

    service.serve(_begin(), projector=projector)


@app.command()
def project() -> None:
    """Only keep the read models up to date.

    `serve --no-projector` is the other half.
    """
    from github_metrics.processes.projector_process import project_alone

    project_alone(_begin())


@app.command()
def demo(
    data_dir: Annotated[Path | None, typer.Option(help="Directory of the demo [METRICS_DATA_DIR/demo].")] = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="Days of history.")] = 180,
    pull_requests: Annotated[int, typer.Option(min=1, max=1_000_000, help="Pull requests in it, about.")] = 1500,
    seed: Annotated[int, typer.Option(help="Another seed tells another history.")] = 1,
) -> None:
    """Serve the history of a simulated organisation.

    On a data directory of its own, never the configured database. What has happened is loaded into its log with the
    times at which it would have been received; what happens from now on is posted to the webhook receiver.
    """
    from github_metrics.demo import demo as show

    show.demo(_begin(), data_dir, days=days, pull_requests=pull_requests, seed=seed)


@app.command()
def export(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="- is standard output; .gz and .zst are compressed; .parquet needs the extra parquet."
        ),
    ],
    after: Annotated[int, typer.Option(min=0, help="Only events after this position.")] = 0,
    until: Annotated[int | None, typer.Option(min=0, help="Only events up to this position.")] = None,
    repository: Annotated[str | None, typer.Option(help="Only those of org/repo, by any name it ever had.")] = None,
    start: Annotated[str | None, typer.Option(help="Only those received at this time or later, in ISO 8601.")] = None,
    end: Annotated[str | None, typer.Option(help="Only those received before this time.")] = None,
) -> None:
    """Write the log to a file.

    One JSON object on a line, with every column and the exact body in base64, or Parquet.
    `replay --from-archive FILE` puts it back, into an empty log or one that is running.
    """
    from github_metrics.commands import archiving

    asked = archiving.Asked(after, until, repository, time_option(start), time_option(end))
    archiving.check_asked(path, asked)
    archiving.export(_begin(), path, asked)


@app.command()
def settings() -> None:
    """Show every setting, secrets masked."""
    current = _begin()
    for name in Settings.model_fields:
        typer.echo(f"{variable(name)}={as_written(getattr(current, name))}")


app.add_typer(replay_app, name="replay")
app.command()(verify)
app.add_typer(parked_app, name="parked")


def _begin() -> Settings:
    current = load_settings()
    configure_logs(current)
    for line in unknown_variables(Settings, process_environment()):
        structlog.get_logger(__name__).warning(line)
    return current


def main() -> None:
    """Run the command line; every expected error is a line on stderr."""
    os.umask(0o077)
    try:
        app()
    except MetricsError as error:
        prefix = "" if isinstance(error, SettingsError) else "github-metrics: "
        typer.echo(f"{prefix}{error}", err=True)
        raise SystemExit(2 if isinstance(error, (SettingsError, UnknownProjection)) else 1) from None
