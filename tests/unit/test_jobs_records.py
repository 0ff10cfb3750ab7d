"""Jobs as their owner sees them."""

import asyncio
from dataclasses import replace

import pytest

from media.errors import AvatarError
from serve.jobs import avatars, events, leases, progress, records
from serve.jobs.database import Database
from tests.fakes import avatar, new_job, portrait, queue_job


async def test_a_job_needs_its_avatar(database: Database) -> None:
    with pytest.raises(AvatarError) as caught:
        await records.create(database, new_job("vid_1", "avt_none"), max_active=9)
    assert caught.value.code == "unknown_avatar"
    with pytest.raises(AvatarError):
        await records.get(database, "vid_1")


async def test_no_more_jobs_than_allowed_are_active_however_many_come_at_once(
    database: Database,
) -> None:
    await avatars.add(database, avatar("avt_1"))
    new = [new_job(f"vid_{n}", "avt_1") for n in range(12)]
    outcomes = await asyncio.gather(
        *(records.create(database, job, max_active=5) for job in new), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, AvatarError)]
    assert len(refused) == 7
    assert {error.code for error in refused} == {"too_many_jobs"}
    assert (await records.counts(database)) == {"queued": 5, "in_progress": 0}


async def test_the_age_of_the_queue_is_that_of_its_oldest_job(database: Database) -> None:
    assert await records.queue_seconds(database) == 0
    first = await queue_job(database)
    await asyncio.sleep(0.3)
    await queue_job(database)
    assert 0.3 <= await records.queue_seconds(database) < 5
    await leases.claim(database, first, 30)
    assert await records.queue_seconds(database) < 0.3


async def test_jobs_that_are_over_are_counted_by_how_they_ended(database: Database) -> None:
    await records.cancel(database, await queue_job(database))
    await _completed(database, 10)
    await queue_job(database)
    assert await records.kept(database) == {"completed": 1, "failed": 0, "cancelled": 1}


async def test_the_time_to_wait_follows_from_how_long_jobs_took(database: Database) -> None:
    async def wait() -> int:
        with pytest.raises(AvatarError) as caught:
            await records.create(database, new_job("vid_more", "avt_1"), max_active=1)
        return int(caught.value.details["retry_after"])

    running = await queue_job(database)
    assert await wait() == 10  # nothing measured yet
    for seconds in (30.0, 50.0):
        await _completed(database, seconds)
    assert await wait() == 40
    for job in (running, await queue_job(database)):
        await leases.claim(database, job, 30)
    assert await wait() == 20  # two run side by side


async def test_a_failed_or_cancelled_job_makes_room(database: Database) -> None:
    job = await queue_job(database)
    await records.cancel(database, job)
    await records.create(database, new_job("vid_2", "avt_2"), max_active=1, avatar=avatar("avt_2"))


@pytest.mark.parametrize("claimed", [False, True])
async def test_cancel_stops_an_active_job_once(database: Database, claimed: bool) -> None:
    job = await queue_job(database)
    if claimed:
        await leases.claim(database, job, 30)
    first = await records.cancel(database, job)
    second = await records.cancel(database, job)
    assert first.status == second.status == "cancelled"
    assert first.cancel_requested
    assert first.completed_at == second.completed_at is not None
    told = [event.data["status"] for event in await events.since(database, job, 0)]
    assert told.count("cancelled") == 1


async def test_a_finished_job_stays_finished_when_it_is_cancelled(database: Database) -> None:
    job = await _completed(database, 1)
    assert (await records.cancel(database, job)).status == "completed"
    assert not (await records.get(database, job)).cancel_requested


@pytest.mark.parametrize("call", ["get", "cancel"])
async def test_another_owners_job_is_not_there(database: Database, call: str) -> None:
    job = await queue_job(database)
    with pytest.raises(AvatarError) as caught:
        await getattr(records, call)(database, job, "somebody else")
    assert caught.value.code == "not_found"
    assert (await records.get(database, job)).status == "queued"


async def test_a_gallery_avatar_is_kept_once_however_often_it_is_first_used(
    database: Database,
) -> None:
    await asyncio.gather(*(avatars.put_gallery(database, avatar("ada")) for _ in range(6)))
    assert await avatars.find(database, "ada") is not None


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_pages_hold_every_job_once_in_order(database: Database, order: str) -> None:
    jobs = [await queue_job(database) for _ in range(7)]
    await _give_one_time(database, jobs[2:5])  # of one instant: the id decides
    seen: list[str] = []
    after, more = None, True
    while more:
        page, more = await records.page(database, "local", after=after, limit=3, order=order)
        seen += [job.id for job in page]
        after = seen[-1]
    wanted = [*jobs[:2], *sorted(jobs[2:5]), *jobs[5:]]
    assert seen == (wanted if order == "asc" else wanted[::-1])


async def test_a_page_never_holds_another_owners_jobs(database: Database) -> None:
    mine = await queue_job(database)
    theirs = replace(new_job("vid_theirs", "avt_t"), owner="other")
    await records.create(database, theirs, max_active=9, avatar=avatar("avt_t"))
    page, more = await records.page(database, "local")
    assert ([job.id for job in page], more) == ([mine], False)
    with pytest.raises(AvatarError) as caught:
        await records.page(database, "local", after="vid_theirs")
    assert caught.value.code == "invalid_request"


async def test_a_waiting_job_knows_its_place(database: Database) -> None:
    jobs = [await queue_job(database) for _ in range(3)]
    places = [
        await records.queue_position(database, await records.get(database, job)) for job in jobs
    ]
    assert places == [1, 2, 3]
    await leases.claim(database, jobs[0], 30)
    last = await records.get(database, jobs[2])
    assert await records.queue_position(database, last) == 2


async def test_a_painted_portrait_fills_its_avatar(database: Database) -> None:
    waiting = avatar("avt_1", origin={"prompt": "a face", "seed": 3})
    await avatars.add(database, waiting)
    await avatars.fill(database, "avt_1", portrait(), "0" * 64, words_used=["face"])
    filled = await avatars.find(database, "avt_1")
    assert filled is not None
    assert (filled.portrait, filled.width, filled.height) == ("0" * 64, 64, 64)
    assert filled.origin == {"prompt": "a face", "seed": 3, "words_used": ["face"]}
    with pytest.raises(AvatarError) as caught:
        await avatars.fill(database, "avt_gone", portrait(), "0" * 64)
    assert caught.value.code == "unknown_avatar"


async def _completed(database: Database, seconds: float) -> str:
    job = await queue_job(database)
    fence = await leases.claim(database, job, 30)
    assert fence is not None
    await progress.complete(database, job, fence, {"files": {}})
    async with database.write() as session:
        row = await session.get(records.Job, job)
        assert row is not None
        assert row.started_at is not None
        row.completed_at = row.started_at + seconds
    return job


async def _give_one_time(database: Database, jobs: list[str]) -> None:
    async with database.write() as session:
        rows = [await session.get(records.Job, job) for job in jobs]
        for row in rows:
            assert row is not None
            row.created_at = rows[0].created_at  # type: ignore[union-attr]  # asserted above
