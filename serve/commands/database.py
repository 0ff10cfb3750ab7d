"""The commands `avatar-serve database status|upgrade`.

SQLAlchemy is imported by the commands themselves: the command line's other commands start without
waiting for it.
"""

import asyncio
import sys
from typing import Final

import typer

from serve.settings import Settings

database_app = typer.Typer(help="The records' database and its tables.", no_args_is_help=True)

_NOT_CURRENT: Final = 3


@database_app.command()
def status() -> None:
    """Say whether the tables are those of this release; exit status 3 where they are not."""
    from serve.jobs import schema

    found = asyncio.run(_found())
    current = schema.is_current(found)
    said = found or "no revision"
    remedy = "" if current else " -> avatar-serve database upgrade"
    sys.stdout.write(f"{_where()}: {said}, this release needs {schema.HEAD}{remedy}\n")
    if not current:
        raise typer.Exit(_NOT_CURRENT)


@database_app.command()
def upgrade() -> None:
    """Bring the tables up to date; what they hold stays."""
    from serve.jobs.database import upgrade_database

    asyncio.run(upgrade_database(Settings().database()))
    sys.stdout.write(f"{_where()}: up to date\n")


async def _found() -> str | None:
    from serve.jobs.connections import connect
    from serve.jobs.database import Database, revision

    database = Database(connect(Settings().database(), connections=1))
    try:
        return await revision(database)
    finally:
        await database.close()


def _where() -> str:
    from serve.jobs.connections import read_url

    return read_url(Settings().database()).render_as_string(hide_password=True)
