"""The records' database opens from several processes at once and undoes what fails."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from serve.jobs import records
from serve.jobs.database import Database, alone, clock, open_database
from serve.jobs.models import Avatar, Job
from tests.fakes import avatar, new_job

OPENER = """
import asyncio, sys
from serve.jobs import records
from serve.jobs.database import open_database
from tests.fakes import avatar, new_job

async def main(url, name):
    database = await open_database(url)
    for n in range(10):
        made = f"avt_{name}{n}"
        await records.create(
            database, new_job(f"vid_{name}{n}", made), max_active=10_000, avatar=avatar(made)
        )
    await database.close()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_many_processes_make_the_tables_and_write_at_once(database_url: str) -> None:
    url = database_url.replace("/records", "/new/records")
    root = Path(__file__).parents[2]
    children = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", OPENER, url, f"p{n}", cwd=root, stderr=subprocess.PIPE
        )
        for n in range(4)
    ]
    for child in children:
        _, said = await child.communicate()
        assert child.returncode == 0, said.decode()
    database = await open_database(url)
    assert (await records.counts(database))["queued"] == 40
    await database.close()


async def test_a_commit_reaches_the_disk_and_a_deletion_overwrites(tmp_path: Path) -> None:
    database = await open_database(f"sqlite:///{tmp_path}/records.sqlite3")
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
    async with database.read() as session:
        found = {p: (await session.execute(text(f"PRAGMA {p}"))).scalar() for p in wanted}
    await database.close()
    assert found == wanted


async def test_writers_do_not_stop_readers(database: Database) -> None:
    async with database.write() as writing:
        writing.add(_avatar("avt_1"))
        await writing.flush()
        async with asyncio.timeout(2), database.read() as session:
            assert await session.get(Avatar, "avt_1") is None
    async with database.read() as session:
        assert await session.get(Avatar, "avt_1") is not None


async def test_a_transaction_that_raises_leaves_nothing(database: Database) -> None:
    async def fail_half_way() -> None:
        async with database.write() as session:
            session.add(_avatar("avt_1"))
            await session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail_half_way()
    async with database.read() as session:
        assert await session.get(Avatar, "avt_1") is None


async def test_a_cancelled_transaction_leaves_nothing_and_blocks_nobody(
    database: Database,
) -> None:
    began = asyncio.Event()

    async def write() -> None:
        async with database.write() as session:
            session.add(_avatar("avt_1"))
            await session.flush()
            began.set()
            await asyncio.sleep(60)

    writing = asyncio.create_task(write())
    await began.wait()
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    async with asyncio.timeout(2), database.write() as session:
        assert await session.get(Avatar, "avt_1") is None


async def test_two_read_then_write_transactions_wait_for_each_other(database: Database) -> None:
    await records.create(database, new_job("vid_1", "avt_1"), max_active=9, avatar=avatar("avt_1"))

    async def count_up() -> None:
        async with database.write() as session:
            job = await session.get(Job, "vid_1", with_for_update=True)
            assert job is not None
            seen = job.next_segment
            await asyncio.sleep(0.01)
            job.next_segment = seen + 1

    await asyncio.gather(*(count_up() for _ in range(10)))
    assert (await records.get(database, "vid_1")).next_segment == 10


async def test_the_databases_clock_tells_unix_seconds(database: Database) -> None:
    async with database.read() as session:
        assert abs(await clock(session) - time.time()) < 1


async def test_only_one_of_those_that_name_a_matter_goes_on(database: Database) -> None:
    inside = 0

    async def work(matter: str) -> None:
        nonlocal inside
        async with database.write() as session:
            await alone(session, matter)
            inside += 1
            assert inside == 1
            await asyncio.sleep(0.02)
            inside -= 1

    await asyncio.gather(*(work("one") for _ in range(5)))


def _avatar(name: str) -> Avatar:
    made = avatar(name)
    made.created_at = 1.0
    return made
