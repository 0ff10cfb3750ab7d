"""A streamed job lives while somebody follows it."""

from sqlalchemy import select, update

from serve.jobs import events, records
from serve.jobs.database import Database, clock
from serve.jobs.following import cancel_unfollowed, follow
from serve.jobs.models import Job
from tests.fakes import queue_job


async def streamed(database: Database, age: float) -> str:
    """A job asked for as a stream that was followed `age` seconds ago."""
    job = await queue_job(database)
    async with database.write() as session:
        at = await clock(session) - age
        await session.execute(
            update(Job).where(Job.id == job).values(must_follow=True, followed_at=at)
        )
    return job


async def followed(database: Database, job: str) -> float:
    """Seconds since the job was followed."""
    async with database.read() as session:
        at = await session.scalar(select(Job.followed_at).where(Job.id == job))
        assert at is not None
        return await clock(session) - at


async def test_a_stream_that_nobody_takes_is_cancelled(database: Database) -> None:
    left, taken = await streamed(database, 11), await streamed(database, 5)
    plain = await queue_job(database)
    assert list(await cancel_unfollowed(database)) == [left]
    found = {job: (await records.get(database, job)).status for job in (left, taken, plain)}
    assert found == {left: "cancelled", taken: "queued", plain: "queued"}
    (*_, last) = await events.since(database, left, 0)
    assert (last.type, last.data["status"]) == ("status", "cancelled")
    assert list(await cancel_unfollowed(database)) == []


async def test_who_follows_in_time_keeps_it(database: Database) -> None:
    job = await streamed(database, 9)
    await follow(database, [job])
    assert await followed(database, job) < 5
    assert not await cancel_unfollowed(database)


async def test_a_player_that_will_come_back_keeps_it_that_much_longer(database: Database) -> None:
    job = await streamed(database, 9)
    await follow(database, [job], 15)
    assert -15 <= await followed(database, job) < -10
    await follow(database, [job])  # another one's earlier return takes nothing from it
    assert await followed(database, job) < -10


async def test_a_finished_job_and_a_plain_one_are_not_written_to(database: Database) -> None:
    over, plain = await streamed(database, 20), await queue_job(database)
    await records.cancel(database, over)
    await follow(database, [over, plain, "vid_nobody"])
    assert await followed(database, over) > 15
    assert (await records.get(database, plain)).followed_at is None
    assert not await cancel_unfollowed(database)


async def test_a_streamed_job_that_was_never_followed_counts_from_its_creation(
    database: Database,
) -> None:
    job = await streamed(database, 0)
    async with database.write() as session:
        await session.execute(
            update(Job).where(Job.id == job).values(followed_at=None, created_at=1.0)
        )
    assert list(await cancel_unfollowed(database)) == [job]
