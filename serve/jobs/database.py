"""The records' database: SQLite in WAL mode, shared by several processes, or PostgreSQL by URL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from sqlalchemy import Double, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from media.errors import AvatarError
from serve.jobs import schema
from serve.jobs.connections import CONNECTIONS, clear_log, connect
from serve.jobs.outages import RecordsOutOfReach, is_no_text, is_outage
from serve.settings import Settings

_OPENING_TRIES: Final = 50

T = TypeVar("T", float, FunctionElement[float])


class now(FunctionElement[float]):  # noqa: N801 - reads as the SQL function that it is
    """The database's clock, in Unix seconds."""

    type = Double()
    inherit_cache = True


@compiles(now, "sqlite")
def _sqlite_now(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(now, "postgresql")
def _postgresql_now(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    # Not now(): that one stands still from the transaction's start.
    return "extract(epoch from clock_timestamp())::double precision"


async def clock(session: AsyncSession) -> float:
    """The database's time now."""
    return (await session.scalars(select(now()))).one()


@dataclass(frozen=True, slots=True)
class Database:
    """Opens transactions. Objects read in one stay readable after it.

    Either kind raises RecordsOutOfReach where the database cannot be reached, is full or stays
    locked. A write of which that is said may have been committed all the same: the answer to it
    can be what was lost.
    """

    engine: AsyncEngine
    keep_seconds: float = 0.0
    """How long a job that is over is kept; 0: for ever."""

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A transaction that only reads; never waits for a writer."""
        async with _reached(), self._session() as session:
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """A transaction that commits when the block ends, and undoes all when it raises.

        SQLite lets one in at a time. PostgreSQL lets many in, each seeing what others committed
        meanwhile: what must not change between reading and writing is held by an UPDATE, by
        `with_for_update`, or by `alone`.
        """
        async with _reached(), self._session() as session, session.begin():
            # SQLite must know at the start that a transaction will write: one that begins by
            # reading cannot wait its turn later, it fails.
            await session.connection(execution_options={"begin": "BEGIN IMMEDIATE"})
            yield session

    def _session(self) -> AsyncSession:
        info = {"keep_seconds": self.keep_seconds}
        return AsyncSession(self.engine, expire_on_commit=False, info=info)

    async def forget_deleted(self) -> None:
        """Overwrite what deleted rows left in SQLite's log, unless a reader still needs it.

        SQLite's own pages are overwritten at once (`secure_delete`). PostgreSQL clears its pages
        itself, when it vacuums.
        """
        if self.engine.dialect.name == "sqlite":
            async with _reached(), self.engine.connect() as connection:
                raw = await connection.get_raw_connection()
                await clear_log(raw.driver_connection)

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()


@asynccontextmanager
async def _reached() -> AsyncIterator[None]:
    try:
        yield
    except RecordsOutOfReach:
        raise
    except Exception as error:
        if is_outage(error):
            raise RecordsOutOfReach from error
        if is_no_text(error):
            sentence = "An id or a filter holds the character NUL: leave it out."
            raise AvatarError("invalid_request", sentence) from None
        raise


def is_out_of_reach(error: BaseException) -> bool:
    """True where the records cannot be read or written now: the same call may succeed later."""
    return isinstance(error, RecordsOutOfReach)


def expiry(session: AsyncSession, at: T) -> T | None:
    """When a job goes that is over at a time, here or as SQL; None: never."""
    keep = session.info["keep_seconds"]
    return at + keep if keep else None


async def alone(session: AsyncSession, matter: str) -> None:
    """Hold off every other transaction that names the same matter, until this one ends.

    Write transactions of SQLite are alone anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(matter, 0))))


async def wait_at_most(session: AsyncSession, seconds: float) -> None:
    """Wait no longer for each row or lock in this transaction; SQLite's has nothing to wait for."""
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(select(func.set_config("lock_timeout", f"{seconds * 1e3:.0f}", True)))


async def open_records(settings: Settings) -> Database:
    """Open the database that the settings name, as they want it opened."""
    return await open_database(
        settings.database(),
        migrate=settings.database_migrate,
        connections=settings.database_connections,
        keep_seconds=settings.keep_results_seconds,
    )


async def open_database(
    url: str,
    *,
    migrate: bool = True,
    connections: int = CONNECTIONS,
    keep_seconds: float = 0.0,
) -> Database:
    """Connect, and bring the tables up to date; several processes may do so at once.

    With `migrate` off it raises AvatarError where they are not up to date. `connections` is the
    most that are kept to PostgreSQL. Raises RecordsOutOfReach.
    """
    database = Database(connect(url, connections=connections), keep_seconds)
    try:
        await _wait_for_wal(database)
        if not schema.is_current(await revision(database)):
            if not migrate:
                raise AvatarError(
                    "internal",
                    "The database's tables are not those of this release: run "
                    "`avatar-serve database upgrade`.",
                )
            await upgrade_database(url)
    except BaseException:
        await database.close()
        raise
    return database


async def revision(database: Database) -> str | None:
    """The revision that the tables stand at; None where no migration ever ran."""
    async with database.read() as session:
        return await (await session.connection()).run_sync(schema.revision)


async def upgrade_database(url: str) -> None:
    """Bring the tables up to date; one process does it, others that ask meanwhile wait for it."""
    database = Database(connect(url, connections=1, patient=True))
    try:
        await _wait_for_wal(database)
        async with database.write() as session:
            await alone(session, "schema")
            await (await session.connection()).run_sync(schema.upgrade)
    finally:
        await database.close()


async def _wait_for_wal(database: Database) -> None:
    """Have a connection. A new SQLite file's switch to WAL wants it alone, and does not wait."""
    for tries_left in reversed(range(_OPENING_TRIES)):
        try:
            async with database.read() as session:
                await session.execute(text("SELECT 1"))
            return
        except RecordsOutOfReach:
            if database.engine.dialect.name != "sqlite" or not tries_left:
                raise
        await asyncio.sleep(0.1)
