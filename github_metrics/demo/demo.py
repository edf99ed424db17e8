"""The demo: the same service on a data directory of its own, with the history of a simulated organisation in it."""

import secrets
from datetime import UTC, datetime
from pathlib import Path

import typer
from pydantic import SecretStr

from github_metrics.demo.player import play_history
from github_metrics.demo.story import Story
from github_metrics.processes.serve import serve
from github_metrics.processes.supervisor import Child
from github_metrics.settings import Settings
from github_metrics.simulator.people import MEMBERS, TEAMS


def demo(settings: Settings, data_dir: Path | None, *, days: int, pull_requests: int, seed: int) -> None:
    """Serve the demo until stopped, with its history up to now, and what happens on from there."""
    settings = demo_settings(settings, data_dir or settings.data_dir / "demo")
    kept = Story.kept(settings.data_dir)
    story = kept or Story(seed, days, pull_requests, datetime.now(UTC).isoformat())
    if kept is None:
        story.keep(settings.data_dir)
    else:
        typer.echo("  Demo       going on with the history begun before; remove the directory for another")
    serve(settings, also=lambda conninfo: [Child("player", play_history, (settings, story, conninfo), once=True)])


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
            "teams_file": demo_teams(data_dir / "teams.yaml"),
        }
    )


def demo_secret(file: Path) -> SecretStr:
    """The secret that signs the demo's deliveries, made at the first start."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(32))
    return SecretStr(file.read_text().strip())


def demo_teams(file: Path) -> Path:
    """Who is in which team of the simulated organisation, for those who would like to change it."""
    if not file.exists():
        teams = ((team, ", ".join(MEMBERS[at :: len(TEAMS)])) for at, team in enumerate(TEAMS))
        file.write_text("teams:\n" + "".join(f"  {team}: [{logins}]\n" for team, logins in teams))
    return file.absolute()
