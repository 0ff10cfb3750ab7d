"""Whether a database's tables are those of this release, and making them so.

Plain functions on a connection whose transaction, and lock, are the caller's. Alembic is loaded
only where there is something for it to do.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Column, Connection, MetaData, String, Table, inspect, select

from serve.jobs.models import Base

if TYPE_CHECKING:
    from alembic.config import Config

HEAD: Final = "0004"
"""The revision of `serve.jobs.models`. Revisions are numbers of four digits, each the next."""

MIGRATIONS: Final = Path(__file__).parent / "migrations"

_VERSION: Final = Table(
    "alembic_version", MetaData(), Column("version_num", String(32), primary_key=True)
)
_VERSION.primary_key.name = "alembic_version_pkc"


def revision(connection: Connection) -> str | None:
    """The revision that the tables stand at; None where no migration ever ran."""
    if not inspect(connection).has_table(_VERSION.name):
        return None
    return connection.scalar(select(_VERSION.c.version_num))


def is_current(found: str | None) -> bool:
    """True where this release can work with tables of that revision.

    Newer ones are fine: revisions only add, so that releases can run side by side while one
    replaces the other.
    """
    return found is not None and found >= HEAD


def upgrade(connection: Connection) -> None:
    """Make the tables, or change those that are there to this release's."""
    if is_current(revision(connection)):
        return
    if not set(inspect(connection).get_table_names()) & set(Base.metadata.tables):
        # A new database comes to the same without going through its history.
        Base.metadata.create_all(connection)
        _VERSION.create(connection, checkfirst=True)
        connection.execute(_VERSION.delete())
        connection.execute(_VERSION.insert().values(version_num=HEAD))
        return
    from alembic import command

    command.upgrade(alembic_config(connection), "head")


def alembic_config(connection: Connection) -> "Config":
    """What Alembic's commands need to work on this connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
