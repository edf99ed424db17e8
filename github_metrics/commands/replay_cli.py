"""The commands `replay`, `verify` and `parked`."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from github_metrics.commands.moments import moment_option
from github_metrics.settings import Settings

Names = Annotated[list[str] | None, typer.Argument(help="Projections; none means all.", show_default=False)]
Workers = Annotated[int | None, typer.Option(min=1, max=64, help="Worker processes.", show_default="the cores")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, one object on a line.")]

ParkedId = Annotated[str, typer.Argument(metavar="ID", help="projection:position, as `parked list` shows it.")]

Begin = Callable[[], Settings]


class _RunByDefault(TyperGroup):
    """`replay pull_requests` means `replay run pull_requests`: what is no command is a projection."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["run", *args]
        return super().parse_args(ctx, args)


replay_app = typer.Typer(
    cls=_RunByDefault,
    rich_markup_mode=None,
    help="Rebuild projections from the log while the service runs, verify them, and swap them in.\n\n"
    "`replay [NAME…]` is `replay run [NAME…]`. Interrupted, the same command resumes.\n\n"
    "`replay --until MOMENT --into SCHEMA` builds them as they were, for SQL and for `serve --schema SCHEMA`;"
    " `replay --from-archive FILE` puts what `export` wrote back into the log.\n\n"
    "Exit codes: 0 done, 1 not swapped in, different, or failed (the live tables are untouched), 2 wrong usage,"
    " 130 interrupted before anything was begun.",
)
parked_app = typer.Typer(
    rich_markup_mode=None, help="Events that a projection could not apply: list, show, retry, ignore."
)


def _settings(context: typer.Context) -> Settings:
    begin: Begin = context.find_root().obj
    return begin()


def _exit(code: int) -> None:
    if code:
        raise typer.Exit(code)


@replay_app.command("run")
def run(
    context: typer.Context,
    names: Names = None,
    workers: Workers = None,
    diff: Annotated[bool, typer.Option("--diff", help="Show what changes, and ask before swapping in.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Swap in without asking.")] = False,
    json: Json = False,
    from_archive: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Append what an export wrote to the log instead; - is standard input."),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="TIME|POSITION", help="Build them as they were then: after the last event appended by."),
    ] = None,
    into: Annotated[
        str | None, typer.Option(metavar="SCHEMA", help="The schema to build them in, with --until.")
    ] = None,
) -> None:
    """Rebuild, verify and swap in."""
    if from_archive is not None:
        if names or workers or diff or yes or json or until or into:
            raise typer.BadParameter("--from-archive stands alone")
        _import(context, from_archive)
        return
    if until is not None or into is not None:
        if workers or diff or yes:
            raise typer.BadParameter("--until swaps nothing in, and has no --workers, --diff or --yes")
        _travel(context, names or [], moment_option(until), into, json=json)
        return
    from github_metrics.commands import replaying

    _exit(replaying.replay(_settings(context), names or [], workers=workers, diff=diff, yes=yes, json=json))


def _import(context: typer.Context, path: Path) -> None:
    from github_metrics.commands.archiving import import_archive

    import_archive(_settings(context), path)


def _travel(
    context: typer.Context, names: list[str], moment: int | datetime | None, schema: str | None, *, json: bool
) -> None:
    if moment is None or schema is None:
        raise typer.BadParameter("--until and --into belong together")
    from github_metrics.commands.time_travelling import travel

    travel(_settings(context), names, moment, schema, json=json)


@replay_app.command()
def status(context: typer.Context, json: Json = False) -> None:
    """Show running, resumable and ended replays, and all generations."""
    from github_metrics.commands.replay_status import show_status

    show_status(_settings(context), json=json)


@replay_app.command()
def rollback(context: typer.Context, name: Annotated[str, typer.Argument(help="Projection.")]) -> None:
    """Put the previous generation back, caught up first."""
    from github_metrics.commands.replay_status import roll_back

    roll_back(_settings(context), name)


@replay_app.command()
def drop(
    context: typer.Context,
    names: Names = None,
    schema: Annotated[
        str | None, typer.Option(help="Drop a schema of --into instead, as DROP SCHEMA … CASCADE would.")
    ] = None,
) -> None:
    """Drop retired generations, and the tables of projections that are gone or switched off."""
    if schema is not None:
        if names:
            raise typer.BadParameter("--schema is dropped whole")
        from github_metrics.commands.time_travelling import drop_schema

        drop_schema(_settings(context), schema)
        return
    from github_metrics.commands.replay_status import drop_unused

    drop_unused(_settings(context), names or [])


@replay_app.command()
def cancel(
    context: typer.Context, replay_id: Annotated[int | None, typer.Argument(help="Replay; none means all.")] = None
) -> None:
    """End a running or interrupted replay and drop what it has built."""
    from github_metrics.commands.replay_status import cancel_running

    cancel_running(_settings(context), replay_id)


def verify(
    context: typer.Context,
    names: Names = None,
    workers: Workers = None,
    every: Annotated[bool, typer.Option("--all", help="Show every differing row, not the first 20.")] = False,
    json: Json = False,
) -> None:
    """Rebuild projections beside the live ones and compare them, row by row.

    Exit code 1 if they differ; the rows and columns are named.
    """
    from github_metrics.commands import replaying

    _exit(replaying.verify(_settings(context), names or [], workers=workers, every=every, json=json))


@parked_app.command("list")
def list_parked(
    context: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Resolved and ignored ones, too.")] = False,
    json: Json = False,
) -> None:
    """List parked events."""
    from github_metrics.commands import parked

    parked.list_parked(_settings(context), every=every, json=json)


@parked_app.command()
def show(context: typer.Context, parked_id: ParkedId) -> None:
    """Show one parked event with its error and its body."""
    from github_metrics.commands import parked

    parked.show_parked(_settings(context), parked_id)


@parked_app.command()
def retry(
    context: typer.Context,
    parked_ids: Annotated[list[str] | None, typer.Argument(metavar="ID…", show_default=False)] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
) -> None:
    """Apply parked events again, in any order. Exit code 1 if one stays parked."""
    from github_metrics.commands import parked

    if bool(parked_ids) == every:
        raise typer.BadParameter("give ids, or --all")
    _exit(parked.retry_parked(_settings(context), parked_ids or []))


@parked_app.command()
def ignore(context: typer.Context, parked_id: ParkedId) -> None:
    """Leave an event out for good."""
    from github_metrics.commands import parked

    parked.ignore_parked(_settings(context), parked_id)
