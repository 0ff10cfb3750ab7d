"""The tables come up to date from wherever they stand, and lose nothing on the way."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, inspect, text

from media.errors import AvatarError
from serve.jobs import events, leases, progress, records, schema
from serve.jobs.connections import connect
from serve.jobs.database import Database, open_database, revision
from serve.jobs.models import Base
from serve.jobs.progress import Made
from tests.fakes import queue_job

NEW_COLUMNS = {
    "jobs": (
        *("idle_claims", "must_follow", "followed_at", "webhook_url", "expected_seconds"),
        "consent",
    ),
    "avatars": ("consent",),
}
"""By table."""
NEW_NAMES = {column for columns in NEW_COLUMNS.values() for column in columns}
NEW_TABLES = ("pieces", "deliveries", "idempotency_keys", "voices", "access_keys", "usage")


@pytest.fixture
async def unopened(database_url: str) -> Any:
    """A connection's engine to a database in which nothing is yet."""
    engine = connect(database_url)
    yield Database(engine)
    await engine.dispose()


async def done(database: Database, change: Callable[[Connection], object]) -> Any:
    async with database.write() as session:
        return await (await session.connection()).run_sync(change)


def differences(connection: Connection) -> list[Any]:
    found: list[Any] = compare_metadata(
        MigrationContext.configure(connection, opts={"compare_server_default": True}),
        Base.metadata,
    )
    return found


def columns(connection: Connection) -> dict[str, Any]:
    found = inspect(connection)
    return {
        table: {c["name"]: (str(c["type"]), c["nullable"]) for c in found.get_columns(table)}
        for table in found.get_table_names()
    }


def by_history(connection: Connection) -> None:
    command.upgrade(schema.alembic_config(connection), "head")


def to_the_start(connection: Connection) -> None:
    command.downgrade(schema.alembic_config(connection), "base")


def as_older_releases_made_them(connection: Connection) -> None:
    """By `create_all`, without the columns and tables that came since, and without a revision."""
    old = MetaData()
    for table in Base.metadata.sorted_tables:
        if table.name not in NEW_TABLES:
            table.to_metadata(old)
    old.create_all(connection)
    _drop_new_columns(connection)


def test_the_release_knows_its_newest_revision() -> None:
    script = ScriptDirectory(str(schema.MIGRATIONS))
    assert script.get_heads() == [schema.HEAD]
    numbers = [step.revision for step in script.walk_revisions()]
    assert sorted(numbers) == [f"{n:04d}" for n in range(1, len(numbers) + 1)]


async def test_the_migrations_end_at_what_the_models_say(unopened: Database) -> None:
    await done(unopened, by_history)
    assert await done(unopened, differences) == []
    assert await revision(unopened) == schema.HEAD


async def test_a_new_database_is_what_its_history_would_have_made(
    unopened: Database, database_url: str
) -> None:
    await done(unopened, by_history)
    walked = await done(unopened, columns)
    await done(unopened, to_the_start)
    assert set(await done(unopened, columns)) == {"alembic_version"}
    opened = await open_database(database_url)
    assert await done(opened, columns) == walked
    assert await done(opened, differences) == []
    await opened.close()


async def test_down_and_up_again_ends_where_it_began(database: Database) -> None:
    before = await done(database, columns)
    await done(database, to_the_start)
    assert await revision(database) is None
    await done(database, by_history)
    assert await done(database, columns) == before


async def test_a_database_of_an_older_release_comes_over_with_its_jobs(
    unopened: Database, database_url: str
) -> None:
    opened = await open_database(database_url)
    waiting, running = [await queue_job(opened) for _ in range(2)]
    fence = await leases.claim(opened, running, 30)
    assert fence is not None
    await progress.commit_segment(opened, running, fence, Made(0, 0, 25, "jobs/a/1/s", 3))
    kept = await _dump(opened, NEW_NAMES)
    await done(opened, _forget_what_came_since)
    await opened.close()
    assert set(await done(unopened, columns)).isdisjoint({"alembic_version", *NEW_TABLES})

    opened = await open_database(database_url)
    assert await done(opened, differences) == []
    assert await _dump(opened, NEW_NAMES) == kept
    assert [job.id for job in (await records.page(opened, "local"))[0]] == [running, waiting]
    assert len(await events.since(opened, running, 0)) == 3
    await progress.complete(opened, running, fence, {"files": {}})
    assert not (await records.get(opened, waiting)).must_follow
    await opened.close()


async def test_an_older_release_goes_on_beside_a_newer_one(unopened: Database) -> None:
    await done(unopened, as_older_releases_made_them)
    await done(unopened, schema.upgrade)
    old = (
        "INSERT INTO jobs (id, owner, status, stage, progress, created_at, request, avatar_id,"
        " metadata, cancel_requested, attempt, fence, next_segment, last_event, timings) VALUES"
        " ('vid_old', 'local', 'queued', 'queued', 0, 1.0, '{}', 'a', '{}', false, 1, 0, 0, 0,"
        " '{}')"
    )
    await done(unopened, lambda connection: connection.execute(text(old)))
    assert (await records.get(unopened, "vid_old")).must_follow is False


async def test_many_that_find_an_old_database_at_once_all_come_up(
    unopened: Database, database_url: str
) -> None:
    await done(unopened, as_older_releases_made_them)
    opened = await asyncio.gather(*(open_database(database_url) for _ in range(5)))
    assert await done(opened[0], differences) == []
    for one in opened:
        await one.close()


async def test_a_change_that_fails_half_way_is_undone_whole(unopened: Database) -> None:
    await done(unopened, as_older_releases_made_them)
    before = await done(unopened, columns)
    # Somebody's own view of this name stands in the way of the last table.
    await done(unopened, lambda c: c.execute(text("CREATE VIEW deliveries AS SELECT 1 AS one")))
    with pytest.raises(Exception, match="deliveries"):
        await done(unopened, schema.upgrade)
    assert await done(unopened, columns) == before


async def test_an_operator_may_keep_tables_from_being_changed(
    unopened: Database, database_url: str
) -> None:
    with pytest.raises(AvatarError, match="avatar-serve database upgrade"):
        await open_database(database_url, migrate=False)
    assert await done(unopened, columns) == {}
    await done(unopened, schema.upgrade)
    opened = await open_database(database_url, migrate=False)
    await opened.close()


async def test_tables_of_a_newer_release_are_used_as_they_are(
    database: Database, database_url: str
) -> None:
    newer = text("UPDATE alembic_version SET version_num = '9999'")
    await done(database, lambda connection: connection.execute(newer))
    opened = await open_database(database_url)
    assert await revision(opened) == "9999"
    await opened.close()


async def test_alembic_is_loaded_only_where_tables_must_change(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys; from serve.jobs.database import open_database;"
        "asyncio.run(open_database(sys.argv[1])); print('alembic' in sys.modules)"
    )
    url = f"sqlite:///{tmp_path}/records.sqlite3"
    for _ in ("new", "current"):
        run = [sys.executable, "-c", code, url]
        child = await asyncio.create_subprocess_exec(*run, stdout=subprocess.PIPE)
        said, _ = await child.communicate()
        assert said.decode().strip() == "False"


def _forget_what_came_since(connection: Connection) -> None:
    for table in ("alembic_version", *NEW_TABLES):
        connection.execute(text(f"DROP TABLE {table}"))
    _drop_new_columns(connection)


def _drop_new_columns(connection: Connection) -> None:
    for table, columns in NEW_COLUMNS.items():
        for column in columns:
            connection.execute(text(f"ALTER TABLE {table} DROP COLUMN {column}"))


async def _dump(database: Database, without: set[str]) -> dict[str, Any]:
    """Every row of the tables that older releases know."""
    found = {}
    async with database.read() as session:
        for table in Base.metadata.sorted_tables:
            if table.name not in NEW_TABLES:
                rows = (await session.execute(table.select())).mappings()
                found[table.name] = sorted(
                    str({k: v for k, v in row.items() if k not in without}) for row in rows
                )
    return found
