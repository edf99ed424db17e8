"""The projector as a process of the service."""

import asyncio
import threading
from functools import partial

from github_metrics.settings import Settings
from projections.catalog import active_projections
from projections.decode import decode
from replay.background import rebuild
from replay.playback import Playback
from replay.projector import Projector


async def project(settings: Settings, conninfo: str) -> None:
    """Keep the projections up with the log until cancelled; then finish the batch at hand."""
    load = partial(active_projections, settings.extra_projections)
    projector = Projector(conninfo, load(), decode, partial(rebuild, Playback(conninfo, load, decode)))
    stop = threading.Event()
    running = asyncio.create_task(asyncio.to_thread(projector.run, stop))
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.set()
        await running
        raise
