"""One claim at a time works on a job; whoever lost it writes nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from sqlalchemy import inspect

from media.errors import AvatarError
from serve.jobs import events, leases, pieces, progress, records
from serve.jobs.database import Database, open_database
from serve.jobs.leases import LeaseLost
from serve.jobs.progress import Made
from tests.fakes import queue_job

LONG = 30.0
SHORT = 0.15
LATER = 0.3


@pytest.fixture
async def job(database: Database) -> str:
    return await queue_job(database)


@pytest.fixture
async def elsewhere(database: Database, database_url: str) -> AsyncIterator[Database]:
    """The same records through other connections, as another process has them."""
    opened = await open_database(database_url)
    yield opened
    await opened.close()


async def test_of_many_claims_at_once_one_wins(
    database: Database, elsewhere: Database, job: str
) -> None:
    claims = [leases.claim(db, job, LONG) for db in (database, elsewhere) for _ in range(10)]
    fences = await asyncio.gather(*claims)
    assert sorted(fence for fence in fences if fence is not None) == [1]


async def test_the_first_claim_starts_the_job(database: Database, job: str) -> None:
    await leases.claim(database, job, LONG)
    started = await records.get(database, job)
    assert started.status == "in_progress"
    assert started.started_at is not None
    assert started.started_at >= started.created_at


async def test_a_claim_that_ran_out_is_taken_over_with_a_higher_fence(
    database: Database, job: str
) -> None:
    assert await leases.claim(database, job, SHORT) == 1
    assert await leases.claim(database, job, LONG) is None
    await asyncio.sleep(LATER)
    started = (await records.get(database, job)).started_at
    assert await leases.claim(database, job, LONG) == 2
    taken = await records.get(database, job)
    assert (taken.started_at, taken.attempt) == (started, 1)


async def test_a_renewed_claim_is_not_taken_over(database: Database, job: str) -> None:
    fence = await leases.claim(database, job, SHORT)
    assert fence is not None
    await leases.renew(database, [(job, fence), ("vid_none", 1)], LONG)
    await asyncio.sleep(LATER)
    assert await leases.claim(database, job, LONG) is None


async def test_a_claim_given_back_is_free_at_once_and_gone(database: Database, job: str) -> None:
    fence = await leases.claim(database, job, LONG)
    assert fence is not None
    await leases.release(database, job, fence)
    await leases.renew(database, [(job, fence)], LONG)
    assert await leases.claim(database, job, LONG) == 2


async def test_a_claim_stands_until_it_is_taken_or_its_job_is_over(database: Database) -> None:
    jobs = [await queue_job(database) for _ in range(4)]
    claims = [(job, await leases.claim(database, job, SHORT) or 0) for job in jobs]
    await records.cancel(database, jobs[1])
    await asyncio.sleep(LATER)
    await leases.claim(database, jobs[2], LONG)
    # A lease that ran out may still be nobody else's: only a commit needs it to be good.
    assert await leases.standing(database, claims) == {claims[0], claims[3]}
    await leases.renew(database, claims, LONG)
    assert await leases.claim(database, jobs[0], LONG) == 2


async def test_a_claim_that_got_nothing_done_is_followed_by_another_attempt(
    database: Database, job: str
) -> None:
    for attempt in (1, 2):
        fence = await leases.claim(database, job, LONG)
        assert fence is not None
        assert await leases.give_up(database, job, fence, most_attempts=2) is (attempt < 2)
        assert (await records.get(database, job)).attempt == 2


async def test_a_claim_that_committed_a_segment_leaves_it_to_the_next(
    database: Database, job: str
) -> None:
    fence = await leases.claim(database, job, LONG)
    assert fence is not None
    await progress.commit_segment(database, job, fence, Made(0, 0, 25, "jobs/a/1/s", 3))
    assert await leases.give_up(database, job, fence, most_attempts=1)
    left = await records.get(database, job)
    assert (left.attempt, left.next_segment, left.lease_until) == (1, 1, None)


WRITES: dict[str, Callable[[Database, str, int], Awaitable[object]]] = {
    "give up": lambda db, job, fence: leases.give_up(db, job, fence, 3),
    "piece": lambda db, job, fence: pieces.add(db, job, fence, 0, "jobs/a/1/p", 9, ()),
    "release": lambda db, job, fence: leases.release(db, job, fence),
    "restart": lambda db, job, fence: leases.restart(db, job, fence, "f"),
    "report": lambda db, job, fence: progress.report(db, job, fence, progress=50),
    "commit": lambda db, job, fence: progress.commit_segment(
        db, job, fence, Made(0, 0, 25, "jobs/a/1/s", 3)
    ),
    "complete": lambda db, job, fence: progress.complete(db, job, fence, {"files": {}}),
    "fail": lambda db, job, fence: progress.fail(db, job, fence, AvatarError("internal", "No.")),
}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("lost", ["ran out", "taken over", "cancelled", "wrong fence", "deleted"])
async def test_a_lost_claim_writes_nothing(
    database: Database, job: str, write: str, lost: str
) -> None:
    fence = await leases.claim(database, job, LONG if lost != "ran out" else SHORT)
    assert fence is not None
    if lost == "ran out":
        await asyncio.sleep(LATER)
    elif lost == "taken over":
        await leases.release(database, job, fence)
        await leases.claim(database, job, LONG)
    elif lost == "cancelled":
        await records.cancel(database, job)
    elif lost == "wrong fence":
        fence += 1
    else:
        job = "vid_gone"
    before = await _state(database, job)
    with pytest.raises(LeaseLost):
        await WRITES[write](database, job, fence)
    assert await _state(database, job) == before


async def test_jobs_that_nobody_works_on_are_found_the_oldest_first(database: Database) -> None:
    jobs = [await queue_job(database) for _ in range(5)]
    await leases.claim(database, jobs[0], LONG)
    await leases.claim(database, jobs[1], SHORT)
    await records.cancel(database, jobs[2])
    assert await leases.claimable(database) == jobs[3:]
    await asyncio.sleep(LATER)
    assert await leases.claimable(database) == [jobs[1], *jobs[3:]]
    assert await leases.claimable(database, limit=1) == [jobs[1]]


@pytest.mark.parametrize("job_id", ["vid_none", ""])
async def test_a_job_that_is_not_there_cannot_be_claimed(database: Database, job_id: str) -> None:
    assert await leases.claim(database, job_id, LONG) is None


async def test_a_restart_counts_a_new_attempt_and_begins_at_segment_0(
    database: Database, job: str
) -> None:
    fence = await leases.claim(database, job, LONG)
    assert fence is not None
    await progress.commit_segment(database, job, fence, Made(0, 0, 25, "jobs/a/1/s", 3))
    assert await leases.restart(database, job, fence, "other") == 2
    restarted = await records.get(database, job)
    assert (restarted.next_segment, restarted.fingerprint) == (0, "other")
    assert await progress.segments(database, job, 2) == []
    assert len(await progress.segments(database, job, 1)) == 1


async def _state(database: Database, job_id: str) -> object:
    try:
        job = await records.get(database, job_id)
    except AvatarError:
        return None
    columns = {column.key: getattr(job, column.key) for column in inspect(job).mapper.column_attrs}
    happened = await events.since(database, job_id, 0)
    return columns, [event.seq for event in happened]
