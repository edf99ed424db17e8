"""Being told that something was projected. A notification says that, the tables say what."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection

from replay.snapshot import ENTER_SECONDS, OPTIONS, QUERY_SECONDS, Snapshot, enter, in_time, read_only

CHANNEL = "projected"
CONNECT_SECONDS = 5
KEEPALIVES: dict[str, Any] = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}
"""Nothing is sent on a connection that listens: only TCP itself finds out that the other end is gone."""


class Listening:
    """A connection that hears of every batch that is projected, and reads what it was."""

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self._connection = connection

    async def heard(self, seconds: float) -> None:
        """Until a batch has been projected since the last call, or so long."""
        async for _ in self._connection.notifies(timeout=seconds, stop_after=1):
            pass

    @asynccontextmanager
    async def snapshot(self, names: Sequence[str]) -> AsyncIterator[Snapshot]:
        """As `replay.snapshot.snapshot`, on this connection."""
        async with self._connection.transaction():
            yield await in_time(enter(self._connection, names), ENTER_SECONDS)


@asynccontextmanager
async def listening(conninfo: str) -> AsyncIterator[Listening]:
    """Listens until the block ends. Raises psycopg.Error when the connection is lost, DatabaseAway when it is silent."""
    connecting: Any = AsyncConnection.connect(
        conninfo,
        autocommit=True,
        options=OPTIONS,
        application_name="live",
        connect_timeout=CONNECT_SECONDS,
        **KEEPALIVES,
    )
    connection = await in_time(connecting, QUERY_SECONDS)
    async with connection:
        await read_only(connection)
        await connection.execute(f"LISTEN {CHANNEL}")
        yield Listening(connection)
