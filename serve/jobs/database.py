"""The records' database: SQLite in WAL mode, shared by several processes, or another by URL."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Double, event, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from serve.jobs.models import Base

_BUSY_SECONDS = 20.0  # how long a writer waits for another process's transaction
_OPENING_TRIES = 50


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
    """Opens transactions. Objects read in one stay readable after it."""

    engine: AsyncEngine

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A transaction that only reads; never waits for a writer."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """A transaction that commits when the block ends, and undoes all when it raises."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session, session.begin():
            # SQLite must know at the start that a transaction will write: one that begins by
            # reading cannot wait its turn later, it fails.
            await session.connection(execution_options={"begin": "BEGIN IMMEDIATE"})
            yield session

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()


async def open_database(url: str) -> Database:
    """Connect and make the tables that are missing; several processes may do so at once."""
    engine = create_async_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    if engine.dialect.name == "sqlite":
        _make_folder(url)
        event.listen(engine.sync_engine, "connect", _set_up_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
    database = Database(engine)
    try:
        await _create_tables(database)
    except BaseException:
        await database.close()
        raise
    return database


async def _create_tables(database: Database) -> None:
    for tries_left in reversed(range(_OPENING_TRIES)):
        try:
            async with database.write() as session:
                connection = await session.connection()
                await connection.run_sync(Base.metadata.create_all)
            return
        except OperationalError as error:
            # The switch to WAL wants the file for itself and does not wait for its turn.
            if "locked" not in str(error.orig) or not tries_left:
                raise
        await asyncio.sleep(0.1)


def _make_folder(url: str) -> None:
    name = make_url(url).database
    if name and name != ":memory:":
        Path(name).parent.mkdir(parents=True, exist_ok=True, mode=0o700)


def _set_up_sqlite(connection: Any, record: object) -> None:
    connection.isolation_level = None  # transactions are begun by _begin_sqlite alone
    cursor = connection.cursor()
    try:
        cursor.execute(f"PRAGMA busy_timeout = {int(_BUSY_SECONDS * 1000)}")
        cursor.execute("PRAGMA journal_mode = WAL")
        # Every commit reaches the disk: an accepted job survives a power cut.
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
    except sqlite3.OperationalError as error:
        raise OperationalError("PRAGMA", None, error) from error
    finally:
        cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))
