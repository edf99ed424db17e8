"""The ASGI application: the receiver beside the API."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from fastapi import APIRouter, Depends, FastAPI
from fastapi_offline import FastAPIOffline

from github_metrics.access.guard import access
from github_metrics.access.keys import Keys
from github_metrics.api import (
    api_usage,
    checks,
    comment_resolution,
    contributors,
    cross_team,
    deployments,
    explanation,
    health,
    jobs,
    labels,
    lifecycle,
    llms,
    log,
    maintainers,
    parked,
    pr_story,
    problems,
    projections,
    pull_requests,
    repositories,
    repository,
    requests,
    reviewers,
    sign_in,
    stream,
    summary,
    team_dynamics,
    trends,
    turnaround,
    usage,
    user_pull_requests,
    webhooks,
    websocket,
)
from github_metrics.api.downloads import Downloads
from github_metrics.api.selection import only_what_applies
from github_metrics.dictionaries import current_dictionary
from github_metrics.live.feed import Feed
from github_metrics.mcp.endpoint import add_mcp
from github_metrics.openapi import describe
from github_metrics.pages import dashboard as dashboard_pages
from github_metrics.receiving.appender import Appender
from github_metrics.receiving.read_only import ReadOnlyAppender, ReadOnlyReceiver
from github_metrics.receiving.receiver import Receive, Receiver, Scope, Send
from github_metrics.settings import Settings
from github_metrics.teams.file import TeamsFile
from projections.catalog import active_projections
from replay.compression import Compressor, register_dictionary
from replay.snapshot import reading_pool

DESCRIPTION = "True review and CI numbers from GitHub's webhooks, every delivery kept for ever."


class Application:
    """Hands deliveries to the receiver and everything else to the API."""

    def __init__(self, settings: Settings, conninfo: str, *, pool_size: int, schema: str | None = None) -> None:
        self._compressor = Compressor(current_dictionary())
        self.appender = Appender(conninfo, self._compressor)
        receiver = Receiver if schema is None else ReadOnlyReceiver
        self.receiver = receiver(self.appender, [_secret(value).encode() for value in settings.webhook_secret])
        self.api = create_api(self.appender, settings, conninfo, pool_size, schema)

    def end_streams(self) -> None:
        """Send all who listen away, before the worker stops."""
        feed: Feed | None = self.api.state.feed
        if feed is not None:
            feed.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/metrics":
            await self.receiver(scope, receive, send)
        else:
            await self.api(scope, receive, send)


def create_app(settings: Settings, conninfo: str, *, pool_size: int = 5, schema: str | None = None) -> Application:
    """The application of one worker. `conninfo` names a migrated database; `schema`: one of time travel, to read from
    and to write nothing.
    """
    return Application(settings, conninfo, pool_size=pool_size, schema=schema)


def create_api(
    appender: Appender, settings: Settings, conninfo: str, pool_size: int, schema: str | None = None
) -> FastAPI:
    """The API, with what its endpoints need in `state`."""
    keys = Keys([_secret(value) for value in settings.api_keys])
    app: FastAPI = FastAPIOffline(
        title="GitHub Metrics",
        version=health.VERSION,
        description=DESCRIPTION,
        lifespan=_lifespan(appender, conninfo) if schema is None else _reading,
        strict_content_type=False,
        middleware=access(keys, settings.cors_origins),
    )
    _set_state(app, appender, settings, conninfo, pool_size, schema)
    app.state.keys = keys
    problems.add_problems(app)
    app.include_router(dashboard_pages.router)
    app.include_router(health.router)
    app.include_router(_metrics_router())
    app.include_router(websocket.router)
    app.include_router(sign_in.router)
    app.include_router(llms.router)
    describe(app)
    if settings.mcp_enabled:
        add_mcp(app, settings.cors_origins)
    return app


def _set_state(
    app: FastAPI, appender: Appender, settings: Settings, conninfo: str, pool_size: int, schema: str | None
) -> None:
    """What endpoints read. Of time travel nothing is written and nothing is live."""
    state = app.state
    state.pool = reading_pool(conninfo, pool_size, schema)
    state.downloads = Downloads(max(1, pool_size // 2))
    state.feed = Feed(conninfo) if schema is None else None
    state.appender = appender if schema is None else ReadOnlyAppender()
    state.writes = conninfo if schema is None else None
    state.projections = active_projections(settings.extra_projections)
    state.mcp_enabled = settings.mcp_enabled
    state.cors_origins = settings.cors_origins
    state.bot_logins = settings.bot_logins
    state.production_environments = settings.production_environments
    state.approval_label_prefix = settings.approval_label_prefix
    state.lgtm_label_prefix = settings.lgtm_label_prefix
    state.teams = TeamsFile(settings.teams_file, settings.team_label_prefix)
    state.configuration = [
        lambda: repr((settings.bot_logins, settings.production_environments, *_prefixes(settings))),
        lambda: state.teams.current().version,
    ]


def _prefixes(settings: Settings) -> tuple[str, ...]:
    return settings.approval_label_prefix, settings.lgtm_label_prefix, settings.team_label_prefix


def _metrics_router() -> APIRouter:
    router = APIRouter(prefix="/api/metrics", dependencies=[*requests.KEYS, Depends(only_what_applies)])
    for part in (
        webhooks,
        repositories,
        repository,
        summary,
        trends,
        contributors,
        user_pull_requests,
        pr_story,
        explanation,
        comment_resolution,
        pull_requests,
        lifecycle,
        turnaround,
        checks,
        team_dynamics,
        cross_team,
        maintainers,
        reviewers,
        jobs,
        deployments,
        labels,
        api_usage,
        usage,
        projections,
        parked,
        log,
        stream,
    ):
        router.include_router(part.router)
    return router


def _lifespan(appender: Appender, conninfo: str) -> Callable[[Any], Any]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            register_dictionary(connection, current_dictionary())
        async with _reading(app), appender, app.state.feed.running():
            yield

    return lifespan


@asynccontextmanager
async def _reading(app: FastAPI) -> AsyncIterator[None]:
    await app.state.pool.open()
    try:
        async with app.state.teams.followed():
            yield
    finally:
        await app.state.downloads.stop()
        await app.state.pool.close(timeout=2.0)


def _secret(value: Any) -> str:
    revealed = value.get_secret_value() if hasattr(value, "get_secret_value") else value
    return str(revealed)
