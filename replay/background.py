"""The building of what is new or changed, in the background of a running service."""

import logging
import threading
from collections.abc import Sequence

import psycopg

from replay import generations, parking, replays
from replay.catch_up import pairs
from replay.endings import Interrupted
from replay.errors import MetricsError
from replay.generations import State
from replay.playback import Busy, Playback
from replay.projector import unbuilt

log = logging.getLogger(__name__)

RETRY_SECONDS = 2.0
"""How soon it is tried again, when somebody or something stood in the way."""


def rebuild(playback: Playback, names: Sequence[str], stop: threading.Event) -> None:
    """Build, and let the projector swap in. What stands in the way for a while is waited for; other faults are logged:
    the generation that serves goes on serving, frozen.
    """
    while not stop.is_set():
        try:
            _build_the_unbuilt(playback, names, stop)
        except Interrupted:
            return
        except (MetricsError, psycopg.Error) as error:
            if isinstance(error, Busy) or (isinstance(error, psycopg.Error) and parking.transient(error)):
                log.warning("the rebuilding of %s waits: %s", ", ".join(names), str(error).strip())
                stop.wait(RETRY_SECONDS)
                continue
            log.exception("%s cannot be rebuilt in the background", ", ".join(names))
        return


def _build_the_unbuilt(playback: Playback, names: Sequence[str], stop: threading.Event) -> None:
    with playback.connect() as connection:
        left = [projection.name for projection in unbuilt(connection, playback.chosen(names))]
        head = generations.head(connection)
    if not left:
        return
    with playback.owning(left, purpose="replay", workers=1, target=head) as (connection, replay_id):
        playback.build(connection, replay_id, workers=1, stop=stop)
        with connection.transaction():
            replays.end(connection, replay_id, "finished")
            for own, _live in pairs(connection, replay_id):
                generations.set_state(connection, own, State.BUILDING)
