"""Reading projections: one transaction that sees one state of all of them, whichever generations are live.

A request reads the generation pointers in its own snapshot and puts the generations' schemas on its search path.
So SQL names plain tables (`FROM pull_requests`), a swap is one UPDATE of a pointer, and no reader waits for it,
fails, or sees two generations.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from replay.errors import DatabaseAway, ProjectionsBehind

log = logging.getLogger(__name__)

T = TypeVar("T")
Record = dict[str, Any]
Pool = AsyncConnectionPool[AsyncConnection[Any]]
Query = LiteralString | sql.SQL | sql.Composed

OPTIONS = "-c timezone=UTC -c statement_timeout=30000 -c plan_cache_mode=force_custom_plan -c jit=off -c work_mem=16MB"
"""A list of twenty thousand rows is sorted in memory."""
POLL_SECONDS = 0.02
ENTER_SECONDS = 7.0
QUERY_SECONDS = 35.0
"""A little longer than the server lets a statement take."""
FETCHED = 1000
READY = 4
"""So many questions come at once when a page is opened: who opens the first waits for no connection."""

ENTER = """
WITH live AS (
    SELECT g.projection, g.generation, g.position, g.schema_name
    FROM projections p JOIN projection_generations g USING (projection, generation)
    WHERE p.projection = ANY(%(names)s)
), path AS (
    SELECT set_config('search_path', string_agg(quote_ident(schema_name), ', ') || ', public', true) FROM live
)
SELECT live.projection, live.generation, live.position, parks.state
FROM live, path, (
    SELECT concat_ws(',', count(*), count(*) FILTER (WHERE k.state = 'parked'), max(k.attempted_at)) AS state
    FROM parked_events k
) AS parks
"""
POSITION = """
SELECT min(g.position) FROM projections p JOIN projection_generations g USING (projection, generation)
WHERE p.projection = ANY(%(names)s) HAVING count(*) = cardinality(%(names)s::text[])
"""


def array(numbers: Iterable[int]) -> str:
    """An argument for a parameter that is cast to an array: psycopg looks at each element of a list, which takes
    milliseconds where there are thousands.
    """
    return "{" + ",".join(map(str, numbers)) + "}"


class Snapshot:
    """A transaction over some projections. `position`: up to where all of them have applied the log. `state` differs
    wherever what can be read from them may differ: it names their generations and positions, and the parks. `held`: what
    ends it; who moves that elsewhere (`pop_all`) ends it instead of who took it.
    """

    def __init__(self, connection: AsyncConnection[Any], positions: dict[str, int], state: str) -> None:
        self._connection = connection
        self.positions = positions
        self.state = state
        self.position = min(positions.values(), default=0)
        self.held = AsyncExitStack()

    async def rows(self, query: Query, arguments: dict[str, Any] | None = None) -> list[Record]:
        """All rows, by column name."""
        return await in_time(self._rows(query, arguments), QUERY_SECONDS)

    async def _rows(self, query: Query, arguments: dict[str, Any] | None) -> list[Record]:
        async with self._connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(query, arguments)
            return await cursor.fetchall()

    async def row(self, query: Query, arguments: dict[str, Any] | None = None) -> Record | None:
        """The first row, if there is one."""
        found = await self.rows(query, arguments)
        return found[0] if found else None

    async def one(self, query: Query, arguments: dict[str, Any] | None = None) -> Record:
        """The row of a query that always has one."""
        (found,) = await self.rows(query, arguments)
        return found

    async def stream(self, query: Query, arguments: dict[str, Any] | None = None) -> AsyncGenerator[Record]:
        """All rows, FETCHED at a time. Raises DatabaseAway when the next ones do not come. Who does not take them all
        must close it, before the snapshot ends.
        """
        async with self._connection.cursor(name="stream", row_factory=dict_row) as cursor:
            await in_time(cursor.execute(query, arguments), QUERY_SECONDS)
            while found := await in_time(cursor.fetchmany(FETCHED), QUERY_SECONDS):
                for row in found:
                    yield row

    @property
    def connection(self) -> AsyncConnection[Any]:
        """For the one read that reaches the log: an event's body."""
        return self._connection


def reading_pool(conninfo: str, size: int, schema: str | None = None) -> Pool:
    """A pool of connections that only read, each transaction in one snapshot. Not open yet.

    `schema`: one of time travel, which says what generations there are instead of the tables in `public`.
    """
    path = "" if schema is None else f" -c search_path={schema},public"
    return AsyncConnectionPool(
        conninfo,
        min_size=min(READY, size),
        max_size=size,
        open=False,
        timeout=5.0,
        configure=read_only,
        check=AsyncConnectionPool.check_connection,
        kwargs={"options": OPTIONS + path, "application_name": "reader", "connect_timeout": 5},
    )


async def read_only(connection: AsyncConnection[Any]) -> None:
    """Each transaction of the connection sees one state of the database, and changes nothing."""
    await connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
    await connection.set_read_only(True)


@asynccontextmanager
async def snapshot(pool: Pool, names: Sequence[str]) -> AsyncIterator[Snapshot]:
    """A snapshot of the named projections. Raises DatabaseAway; ProjectionsBehind while one was never built."""
    with answering():
        taken = await in_time(_enter(pool, names), ENTER_SECONDS)
        async with taken.held:
            yield taken


@contextmanager
def answering() -> Iterator[None]:
    """Raises DatabaseAway for what psycopg raises where the database does not answer; ProjectionsBehind where a table
    has not the columns that a query names: right after an upgrade the generation before it serves until the new one is
    built.
    """
    try:
        yield
    except (psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedTable) as error:
        log.warning("a table is of another release: %s", error.diag.message_primary)
        raise ProjectionsBehind("a table is still of another release, and being built anew") from error
    except (PoolTimeout, psycopg.OperationalError) as error:
        raise DatabaseAway("the database does not answer") from error


async def _enter(pool: Pool, names: Sequence[str]) -> Snapshot:
    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(pool.connection())
        await stack.enter_async_context(connection.transaction())
        taken = await enter(connection, names)
        taken.held = stack.pop_all()
        return taken
    raise AssertionError


async def enter(connection: AsyncConnection[Any], names: Sequence[str]) -> Snapshot:
    """The snapshot of the transaction that a connection is in. Raises ProjectionsBehind."""
    cursor = await connection.execute(ENTER, {"names": list(names)})
    found = sorted(await cursor.fetchall())
    positions = {name: position for name, _generation, position, _parks in found}
    if len(positions) < len(set(names)):
        missing = ", ".join(sorted(set(names) - set(positions)))
        raise ProjectionsBehind(f"not built yet: {missing}")
    return Snapshot(connection, positions, repr(found))


async def in_time(call: Coroutine[Any, Any, T], seconds: float) -> T:
    """The answer of a call of the database. Raises DatabaseAway when none comes: a server that is frozen, or behind a
    cut network, says nothing. The call is then left to end by itself: psycopg asks ten more seconds to cancel it. So it
    is where whoever waits is cancelled: what nobody wants is not worked out.
    """
    task = asyncio.create_task(call)
    _calls.add(task)
    task.add_done_callback(_forget)
    try:
        done, _ = await asyncio.wait([task], timeout=seconds)
    except asyncio.CancelledError:
        task.cancel()
        raise
    if not done:
        task.cancel()
        raise DatabaseAway("the database does not answer")
    return task.result()


_calls: set[asyncio.Task[Any]] = set()
"""The event loop itself holds tasks only weakly."""


def _forget(task: asyncio.Task[Any]) -> None:
    _calls.discard(task)
    if not task.cancelled():
        task.exception()  # whoever waited has it already


async def wait_for(pool: Pool, names: Sequence[str], position: int, *, seconds: float = 5.0) -> None:
    """Until all the named projections have applied the log up to a position: a client reads its own write.

    Raises ProjectionsBehind when they do not get there in time.
    """
    deadline = time.monotonic() + seconds
    while True:
        reached = await _position(pool, names)
        if reached is not None and reached >= position:
            return
        if time.monotonic() > deadline:
            raise ProjectionsBehind(f"the projections have applied the log up to {reached or 0}, not {position}")
        await asyncio.sleep(POLL_SECONDS)


async def _position(pool: Pool, names: Sequence[str]) -> int | None:
    async def ask() -> Any:
        async with pool.connection() as connection:
            cursor = await connection.execute(POSITION, {"names": sorted(set(names))})
            return await cursor.fetchone()

    with answering():
        row = await in_time(ask(), ENTER_SECONDS)
    return None if row is None else row[0]
