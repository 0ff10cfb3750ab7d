"""How the records' database is connected to: URLs, pools, and what every connection is told."""

import sqlite3
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from media.errors import AvatarError

CONNECTIONS: Final = 10
"""Connections that one process keeps to PostgreSQL at most."""

_DRIVERS: Final = {
    "sqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
}
_BUSY_MS: Final = 20_000  # how long SQLite's writer waits for another process's transaction
_CLEARING_MS: Final = 1000
_CONNECT_SECONDS: Final = 5.0
_ANSWER_SECONDS: Final = 30.0  # no statement of ours takes long: a server that is silent is lost
_LOCK_MS: Final = 10_000
_IDLE_IN_TRANSACTION_MS: Final = 20_000
"""A process that froze in the middle of a transaction holds rows: the server ends it then."""
_RECYCLE_SECONDS: Final = 1800
"""Connections are renewed, so that a moved server or a new password is taken up."""


def connect(url: str, *, connections: int = CONNECTIONS, patient: bool = False) -> AsyncEngine:
    """An engine for the URL; nothing is connected yet.

    `sqlite://` and `postgresql://` mean the drivers that this project uses. `patient` is for
    changing tables: no limit on how long a statement or a lock takes.
    Raises AvatarError `invalid_request` for a URL that can't be used, and for a missing driver.
    """
    where = read_url(url)
    if where.get_backend_name() == "sqlite":
        return _sqlite(where)
    return create_async_engine(
        where,
        pool_pre_ping=True,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=_CONNECT_SECONDS,
        pool_recycle=_RECYCLE_SECONDS,
        connect_args=_postgresql_arguments(patient),
    )


def read_url(url: str) -> URL:
    """The URL with the driver that this project uses. Raises AvatarError `invalid_request`."""
    try:
        where = make_url(url)
    except ArgumentError:
        raise _unusable() from None
    where = where.set(drivername=_DRIVERS.get(where.drivername, where.drivername))
    if where.drivername not in _DRIVERS.values():
        raise _unusable()
    if where.get_backend_name() == "postgresql":
        if find_spec("asyncpg") is None:
            raise AvatarError(
                "invalid_request",
                'PostgreSQL needs its driver: pip install "avatar-serve[postgres]".',
                param="AVATAR_DATABASE_URL",
            )
        # libpq's word, as other programs' URLs have it, in the driver's own.
        if (mode := where.query.get("sslmode")) is not None:
            where = where.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    return where


def _unusable() -> AvatarError:
    # The URL itself is not shown: it may hold a password.
    return AvatarError(
        "invalid_request",
        "The database's URL must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME.",
        param="AVATAR_DATABASE_URL",
    )


def _postgresql_arguments(patient: bool) -> dict[str, Any]:
    limits = {
        "lock_timeout": str(_LOCK_MS),
        "idle_in_transaction_session_timeout": str(_IDLE_IN_TRANSACTION_MS),
    }
    return {
        "timeout": _CONNECT_SECONDS,
        "command_timeout": None if patient else _ANSWER_SECONDS,
        # What is just-in-time compiled pays off in analyses, not in our short statements.
        "server_settings": {
            "application_name": "avatar-serve",
            "jit": "off",
            **({} if patient else limits),
        },
    }


def _sqlite(where: URL) -> AsyncEngine:
    if where.database and where.database != ":memory:":
        Path(where.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_async_engine(where)
    event.listen(engine.sync_engine, "connect", _set_up_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    event.listen(engine.sync_engine, "invalidate", _roll_back)
    return engine


def _set_up_sqlite(connection: Any, record: object) -> None:
    connection.isolation_level = None  # transactions are begun by _begin_sqlite alone
    cursor = connection.cursor()
    try:
        cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        # Every commit reaches the disk: an accepted job survives a power cut.
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        # What is deleted is overwritten: a removed job's words are not left in free pages.
        cursor.execute("PRAGMA secure_delete = ON")
    except sqlite3.OperationalError as error:
        raise OperationalError("PRAGMA", None, error) from error
    finally:
        cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


def _roll_back(connection: Any, record: object, error: BaseException | None) -> None:
    """End the transaction of a cancelled call before its connection is closed.

    SQLite puts a close off while a cursor is open, and the call that was cut off has one: until
    the garbage collector finds it, nobody else could write.
    """
    connection.run_async(lambda driver: driver.rollback())


async def clear_log(connection: Any) -> None:
    """Empty the log of SQLite's connection (aiosqlite's), unless others use it for too long."""
    pragmas = (
        f"busy_timeout = {_CLEARING_MS}",
        "wal_checkpoint(TRUNCATE)",
        f"busy_timeout = {_BUSY_MS}",
    )
    for pragma in pragmas:
        async with connection.execute(f"PRAGMA {pragma}"):
            pass
