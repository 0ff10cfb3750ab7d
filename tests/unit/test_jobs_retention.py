"""What is over has its time and goes then, whole; what anybody still needs stays."""

import asyncio
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from media.errors import AvatarError
from serve.jobs import leases, progress, quotas, records, retention
from serve.jobs.database import Database, now
from serve.jobs.models import Delivery, Event, IdempotencyKey, Job, Piece, Segment, Usage
from serve.settings import Settings
from tests.fakes import queue_job
from tests.kept import KEEP, OLD, Kept, Swept, given_up, made, open_kept


@pytest.fixture
async def kept(database: Database, tmp_path: Path) -> Kept:
    return open_kept(database, tmp_path)


@pytest.mark.parametrize("end", ["completed", "failed", "cancelled"])
async def test_a_job_that_is_over_knows_when_it_goes(kept: Kept, end: str) -> None:
    job = await queue_job(kept.database)
    fence = await leases.claim(kept.database, job, 60)
    assert fence is not None
    assert (await records.get(kept.database, job)).expires_at is None
    if end == "completed":
        await progress.complete(kept.database, job, fence, {"files": {}})
    elif end == "failed":
        await progress.fail(kept.database, job, fence, AvatarError("internal", "No."))
    else:
        await records.cancel(kept.database, job)
    over = await records.get(kept.database, job)
    assert over.status == end
    assert over.completed_at is not None
    assert over.expires_at == pytest.approx(over.completed_at + KEEP, abs=1)


async def test_results_may_be_kept_for_ever(kept: Kept, database: Database) -> None:
    kept.settings = Settings(data_dir=kept.folder.parent, keep_results_seconds=0)
    kept.database = database
    job = await made(kept)
    assert (await kept.sweep()).jobs == 0
    assert (await records.get(database, job)).expires_at is None


async def test_an_expired_job_goes_with_every_byte_and_row_of_it(kept: Kept) -> None:
    stays = await made(kept, seed=1)
    before = kept.files()
    goes = await made(kept, seed=2)
    assert len(kept.files() - before) == 9
    await kept.change(goes, expires_at=now() - 1)
    assert await kept.sweep() == Swept(jobs=1)
    assert kept.files() == before
    for table, rows in ((Job, 1), (Segment, 1), (Piece, 1), (Delivery, 1)):
        assert await kept.count(table) == rows
    assert (await records.get(kept.database, stays)).status == "completed"
    with pytest.raises(AvatarError):
        await records.get(kept.database, goes)
    async with kept.database.read() as session:
        assert set(await session.scalars(select(Event.job_id))) == {stays}


async def test_a_job_that_runs_never_expires(kept: Kept) -> None:
    job = await made(kept, over=False)
    await kept.change(job, expires_at=now() - 1)
    before = kept.files()
    kept.age()
    assert await kept.sweep() == Swept()
    assert kept.files() == before


async def test_a_job_that_ended_without_a_time_has_its_time_from_now_on(kept: Kept) -> None:
    job = await made(kept)
    await kept.change(job, expires_at=None, completed_at=now() - 10 * KEEP)
    assert (await kept.sweep()).jobs == 0
    found = (await records.get(kept.database, job)).expires_at
    assert found == pytest.approx(time.time() + KEEP, abs=30)


async def test_several_that_sweep_at_once_remove_everything_once(kept: Kept) -> None:
    jobs = [await made(kept, seed=n) for n in range(6)]
    for job in jobs:
        await kept.change(job, expires_at=now() - 1)
    swept = await asyncio.gather(*(kept.sweep() for _ in range(3)))
    assert sum(one.jobs for one in swept) >= 6
    assert kept.files() == set()
    assert await kept.count(Job) == 0


async def test_what_an_attempt_made_that_was_given_up_goes_once_the_job_is_over(
    kept: Kept,
) -> None:
    job = await made(kept, over=False)
    kept.age()
    assert (await kept.sweep()).artifacts == 0
    await progress.fail(kept.database, job, 1, AvatarError("internal", "No."))
    before = kept.files()
    assert (await kept.sweep()).artifacts == 2
    assert before - kept.files() == set(given_up(job))


async def test_idempotency_keys_are_forgotten_unless_they_are_held(kept: Kept) -> None:
    rows = {"new": (0, None), "old": (OLD, None), "held": (OLD, 60), "left": (OLD, -60)}
    kept.settings = kept.settings.model_copy(update={"idempotency_seconds": OLD / 2})
    at = time.time()
    async with kept.database.write() as session:
        for key, (age, held) in rows.items():
            session.add(
                IdempotencyKey(
                    owner="local",
                    key=key,
                    request_hash="",
                    held_until=None if held is None else at + held,
                    created_at=at - age,
                )
            )
    assert (await kept.sweep()).keys == 2
    async with kept.database.read() as session:
        assert set(await session.scalars(select(IdempotencyKey.key))) == {"new", "held"}


async def test_what_owners_had_made_is_forgotten_after_so_many_days(kept: Kept) -> None:
    today = quotas.day_of(time.time())
    async with kept.database.write() as session:
        for age in (0, 89, 90, 91, 400):
            session.add(Usage(owner="local", day=today - age, seconds=5.0))
    forgotten = await retention.expire_usage(kept.database, 90)
    async with kept.database.read() as session:
        days = set(await session.scalars(select(Usage.day)))
    # The database's clock may stand past a midnight that the test's has not seen.
    assert forgotten in (2, 3)
    assert {today, today - 89} <= days <= {today, today - 89, today - 90}
