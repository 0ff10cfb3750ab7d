"""A database that is gone, locked or full is told from a statement that is wrong."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from media.errors import AvatarError
from serve.jobs import avatars, connections, leases, progress, records
from serve.jobs.connections import read_url
from serve.jobs.database import Database, RecordsOutOfReach, is_out_of_reach, open_database
from serve.jobs.progress import Made
from tests.fakes import avatar, queue_job
from tests.postgres import Postgres, postgres


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A PostgreSQL that nobody else needs, so that it may be stopped."""
    with postgres() as running:
        yield running


@pytest.fixture
async def far(server: Postgres) -> AsyncIterator[Database]:
    opened = await open_database(await server.new_database())
    yield opened
    await opened.close()


async def test_what_failed_while_the_server_was_down_succeeds_when_it_is_back(
    server: Postgres, far: Database
) -> None:
    job = await queue_job(far)
    fence = await leases.claim(far, job, 60)
    assert fence is not None
    made = Made(0, 0, 25, "jobs/a/1/s", 3)
    server.stop()
    try:
        async with asyncio.timeout(10):
            for call in (
                progress.commit_segment(far, job, fence, made),
                leases.claim(far, job, 60),
                records.get(far, job),
                open_database(server.url()),
            ):
                with pytest.raises(RecordsOutOfReach) as caught:
                    await call
                assert is_out_of_reach(caught.value)
                assert (caught.value.code, caught.value.retryable) == ("overloaded", True)
    finally:
        server.start()
    assert await progress.commit_segment(far, job, fence, made) == 1


async def test_a_connection_cut_in_a_transaction_undoes_it_and_is_an_outage(far: Database) -> None:
    async def cut() -> None:
        async with far.write() as session:
            new = avatar("avt_1")
            new.created_at = 1.0
            session.add(new)
            await session.flush()
            async with far.read() as other:
                await other.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                )
            await session.execute(text("SELECT 1"))

    with pytest.raises(RecordsOutOfReach):
        await cut()
    assert await avatars.find(far, "avt_1") is None


async def test_a_transaction_beyond_the_pool_is_told_to_come_again(
    server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_CONNECT_SECONDS", 0.5)
    database = await open_database(await server.new_database(), connections=2)
    async with database.read() as one, database.read() as two:
        for session in (one, two):
            await session.execute(text("SELECT 1"))
        with pytest.raises(RecordsOutOfReach):
            await records.counts(database)
    assert await records.counts(database) == {"queued": 0, "in_progress": 0}
    await database.close()


@pytest.mark.parametrize("host", ["127.0.0.1:1", "localhost:1", "nowhere.invalid"])
async def test_a_server_that_nobody_finds_is_an_outage(host: str) -> None:
    with pytest.raises(RecordsOutOfReach):
        await open_database(f"postgresql://postgres@{host}/records")


async def test_an_unknown_database_is_none(server: Postgres) -> None:
    with pytest.raises(Exception, match="does not exist") as caught:
        await open_database(server.url("missing"))
    assert not is_out_of_reach(caught.value)


async def test_a_statement_that_is_wrong_is_no_outage(database: Database) -> None:
    await avatars.add(database, avatar("avt_1"))
    with pytest.raises(IntegrityError) as caught:
        await avatars.add(database, avatar("avt_1"))
    assert not is_out_of_reach(caught.value)
    with pytest.raises(AvatarError) as refused:
        await records.get(database, "vid_none")
    assert not is_out_of_reach(refused.value)


async def test_a_locked_sqlite_is_an_outage_until_it_is_free(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite3"
    database = await open_database(f"sqlite:///{path}")
    await database.close()  # so that the next connection is set up by what follows

    @event.listens_for(database.engine.sync_engine, "connect")
    def _be_impatient(connection: object, record: object) -> None:
        connection.cursor().execute("PRAGMA busy_timeout = 50")  # type: ignore[attr-defined]  # DB-API

    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(RecordsOutOfReach):
        await queue_job(database)
    other.execute("ROLLBACK")
    other.close()
    await queue_job(database)
    await database.close()


async def test_a_full_disk_is_an_outage_until_there_is_room(tmp_path: Path) -> None:
    database = await open_database(f"sqlite:///{tmp_path}/records.sqlite3")
    async with database.read() as session:
        await session.execute(text("PRAGMA max_page_count = 1"))  # no page more than there are
    for attempt in ("full", "still full"):
        with pytest.raises(RecordsOutOfReach):
            await queue_job(database, text=attempt * 10_000)
    async with database.read() as session:
        await session.execute(text("PRAGMA max_page_count = 1000000"))
    await queue_job(database, text="room" * 10_000)
    await database.close()


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgresql://u@h/d", "postgresql+asyncpg://u@h/d"),
        ("postgres://u@h:5433/d?sslmode=require", "postgresql+asyncpg://u@h:5433/d?ssl=require"),
        ("postgresql+asyncpg://u@h/d", "postgresql+asyncpg://u@h/d"),
        ("sqlite:////data/r.sqlite3", "sqlite+aiosqlite:////data/r.sqlite3"),
    ],
)
def test_urls_as_other_programs_write_them_are_understood(given: str, used: str) -> None:
    assert read_url(given).render_as_string() == used


@pytest.mark.parametrize(
    "url", ["mysql://u:hidden@h/d", "postgresql+psycopg://u:hidden@h/d", "hidden"]
)
def test_a_url_of_no_use_is_refused_without_being_told(url: str) -> None:
    with pytest.raises(AvatarError) as caught:
        read_url(url)
    assert "hidden" not in caught.value.message
