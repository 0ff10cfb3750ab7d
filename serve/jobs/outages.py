"""What it looks like when the records are out of reach, in either database."""

import sqlite3
from collections.abc import Iterator
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from media.errors import AvatarError

_SQLITE: Final = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PROTOCOL,
}
"""Primary result codes: locked, broken, full or unopenable now (https://sqlite.org/rescode.html)."""

_NOT_AVAILABLE: Final = "55P03"

_POSTGRESQL: Final = ("08", "53", "57", "58", _NOT_AVAILABLE, "25P03", "25006", "40001", "40P01")
"""SQLSTATEs, or their classes: connection, resources (disk full, too many connections), operator
intervention (shutdown, starting up), system faults, a lock not to be had, a transaction that idled
too long, a server that only reads (a failover is under way), a deadlock
(PostgreSQL's documentation, appendix A)."""


class RecordsOutOfReach(AvatarError):  # noqa: N818 - a turn of events, like LeaseLost
    """The records cannot be read or written now; the same call may succeed in a while."""

    def __init__(self) -> None:
        super().__init__(
            "overloaded", "The records cannot be reached at the moment: try again in a while."
        )


def is_outage(error: Exception) -> bool:
    """True for a fault of the connection, the server or its disk, never for one of a statement.

    `error` was raised in a transaction of the records or while one was begun: there even a missing
    file (a socket) is an outage.
    """
    if isinstance(error, NoConnectionFree | OSError):
        return True
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or any(_says_so(e) for e in _causes(error.orig))
    return _says_so(error)  # asyncpg's own, raised while connecting


def is_no_text(error: Exception) -> bool:
    """True where PostgreSQL was given text with the character NUL, which it can't hold or compare.

    SQLite takes it for a character like others, and finds nothing.
    """
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", "") == "22021"


def is_held_by_another(error: RecordsOutOfReach) -> bool:
    """True where PostgreSQL gave up to wait for a row or a lock that another transaction holds."""
    cause = error.__cause__
    return isinstance(cause, DBAPIError) and getattr(cause.orig, "sqlstate", "") == _NOT_AVAILABLE


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _says_so(error: BaseException) -> bool:
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        return code is not None and code & 0xFF in _SQLITE
    if isinstance(state := getattr(error, "sqlstate", None), str):
        return state.startswith(_POSTGRESQL)
    # asyncpg has no class of its own for the use of a connection that was lost before.
    return type(error).__name__ == "InterfaceError" and "closed" in str(error)
