"""The projector as a process of the service."""

import asyncio
import threading

from github_metrics.settings import Settings
from projections.catalog import active_projections
from projections.decode import decode
from replay.projector import Projector


async def project(settings: Settings, conninfo: str) -> None:
    """Keep the projections up with the log until cancelled; then finish the batch at hand."""
    projector = Projector(conninfo, active_projections(settings.extra_projections), decode)
    stop = threading.Event()
    running = asyncio.create_task(asyncio.to_thread(projector.run, stop))
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.set()
        await running
        raise
