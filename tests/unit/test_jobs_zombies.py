"""A director that froze with its transaction open does no harm, whatever happens in which order.

Only PostgreSQL lets two transactions go on side by side, so these tests are about it; SQLite's run
one after the other, and `test_jobs_leases.py` tells what a late writer finds there.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from media.errors import AvatarError
from serve.jobs import events, leases, pieces, progress, records
from serve.jobs.database import Database, is_out_of_reach, now, open_database
from serve.jobs.leases import LeaseLost
from serve.jobs.models import Job
from serve.jobs.progress import Made
from tests.fakes import queue_job
from tests.postgres import Postgres

LONG = 300.0

WRITES: dict[str, Callable[[Database, str, int], Awaitable[object]]] = {
    "commit": lambda db, job, fence: progress.commit_segment(db, job, fence, made(0, fence)),
    "piece": lambda db, job, fence: pieces.add(db, job, fence, 0, f"jobs/a/1/p-{fence}", 48, []),
    "report": lambda db, job, fence: progress.report(db, job, fence, stage="video", progress=50),
    "give up": lambda db, job, fence: leases.give_up(db, job, fence, 3),
    "release": lambda db, job, fence: leases.release(db, job, fence),
    "restart": lambda db, job, fence: leases.restart(db, job, fence, "other"),
    "complete": lambda db, job, fence: progress.complete(db, job, fence, {"files": {}}),
    "fail": lambda db, job, fence: progress.fail(db, job, fence, AvatarError("internal", "No.")),
}


def made(n: int, fence: int) -> Made:
    return Made(n, n * 25, n * 25 + 25, f"jobs/a/1/segment-{n}-{fence}", 100)


@dataclass(frozen=True)
class Freezing(Database):
    """Records as a director sees them that freezes in its transaction: begun, or all written."""

    at: str = "written"
    frozen: asyncio.Event = field(default_factory=asyncio.Event)
    thaw: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        async with Database.write(self) as session:
            await session.execute(text("SELECT 1"))
            await self._stand_still("begun")
            yield session
            await session.flush()
            await self._stand_still("written")

    async def _stand_still(self, at: str) -> None:
        if at == self.at:
            self.frozen.set()
            await self.thaw.wait()


@pytest.fixture
async def url(postgresql: Postgres) -> AsyncIterator[str]:
    made = await postgresql.new_database()
    yield made
    await postgresql.drop(made)


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    """The records as the director that goes on sees them."""
    opened = await open_database(url)
    yield opened
    await opened.close()


@pytest.fixture
async def zombie(url: str, request: pytest.FixtureRequest) -> AsyncIterator[Freezing]:
    opened = await open_database(url)
    freezing = Freezing(opened.engine, at=getattr(request, "param", "written"))
    yield freezing
    freezing.thaw.set()
    await opened.close()


@pytest.fixture
async def job(database: Database) -> str:
    job = await queue_job(database)
    assert await leases.claim(database, job, LONG) == 1
    return job


async def end_lease(database: Database, job: str) -> None:
    """What waiting for the lease's end does, at once."""
    async with database.write() as session:
        await session.execute(update(Job).where(Job.id == job).values(lease_until=now() - 1))


async def written(database: Database, job: str) -> Any:
    """What stands in the job's row, its events, its segments and its pieces."""
    row = await records.get(database, job)
    return (
        {key: value for key, value in vars(row).items() if not key.startswith("_")},
        [(event.seq, event.type) for event in await events.since(database, job, 0)],
        [segment.key for segment in await progress.segments(database, job, 1)],
        [piece.key for piece in await pieces.of(database, job, 1)],
    )


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("zombie", ["begun"], indirect=True)
async def test_a_transaction_begun_before_another_claimed_writes_nothing(
    database: Database, zombie: Freezing, job: str, write: str
) -> None:
    late = asyncio.create_task(WRITES[write](zombie, job, 1))  # type: ignore[arg-type]  # a coroutine
    await zombie.frozen.wait()
    await end_lease(database, job)
    assert await leases.claim(database, job, LONG) == 2
    await progress.commit_segment(database, job, 2, made(0, 2))
    before = await written(database, job)
    zombie.thaw.set()
    with pytest.raises(LeaseLost):
        await late
    assert await written(database, job) == before


@pytest.mark.parametrize("write", WRITES)
async def test_a_write_beside_a_claim_that_is_not_committed_yet_is_shut_out(
    database: Database, zombie: Freezing, job: str, write: str
) -> None:
    await end_lease(database, job)
    claiming = asyncio.create_task(leases.claim(zombie, job, LONG))
    await zombie.frozen.wait()
    before = await written(database, job)
    late = asyncio.create_task(WRITES[write](database, job, 1))  # type: ignore[arg-type]  # a coroutine
    await asyncio.wait({late}, timeout=0.2)
    zombie.thaw.set()
    assert await claiming == 2
    with pytest.raises(LeaseLost):
        await late
    after = await written(database, job)
    assert after[0]["fence"] == 2
    assert after[1:] == before[1:]


@pytest.mark.parametrize("write", WRITES)
async def test_a_write_that_waited_for_its_row_until_the_lease_was_over_is_shut_out(
    database: Database, zombie: Freezing, job: str, write: str
) -> None:
    """The lease still stood when the write began; the check must be made again with the row."""
    holding = asyncio.create_task(end_lease(zombie, job))
    await zombie.frozen.wait()
    late = asyncio.create_task(WRITES[write](database, job, 1))  # type: ignore[arg-type]  # a coroutine
    await asyncio.sleep(0.3)
    assert not late.done()
    zombie.thaw.set()
    await holding
    with pytest.raises(LeaseLost):
        await late
    assert await leases.claim(database, job, LONG) == 2
    row, happened, segments, spoken = await written(database, job)
    assert (row["status"], row["attempt"], row["stage"]) == ("in_progress", 1, "starting")
    assert (len(happened), segments, spoken) == (2, [], [])


async def test_a_job_is_not_claimed_while_its_holders_commit_is_open_and_keeps_what_it_wrote(
    database: Database, zombie: Freezing, job: str
) -> None:
    await leases.renew(database, [(job, 1)], 3.0)
    late = asyncio.create_task(progress.commit_segment(zombie, job, 1, made(0, 1)))
    await zombie.frozen.wait()
    await asyncio.sleep(3.1)
    assert await leases.claim(database, job, LONG) is None
    waiting = asyncio.create_task(leases.claim(database, job, LONG))
    await asyncio.sleep(0.2)
    zombie.thaw.set()
    # It still held the job: what it committed counts, and the next claim goes on behind it.
    assert await late == 1
    assert await waiting == 2
    taken = await records.get(database, job)
    assert (taken.fence, taken.next_segment) == (2, 1)
    assert await progress.commit_segment(database, job, 2, made(0, 2)) == 1
    assert [s.key for s in await progress.segments(database, job, 1)] == ["jobs/a/1/segment-0-1"]
    with pytest.raises(LeaseLost):
        await progress.commit_segment(database, job, 1, made(1, 1))


@pytest.mark.parametrize("write", WRITES)
async def test_a_frozen_commit_that_the_server_ends_leaves_nothing_and_frees_the_job(
    database: Database, zombie: Freezing, job: str, write: str
) -> None:
    before = await written(database, job)
    late = asyncio.create_task(WRITES[write](zombie, job, 1))  # type: ignore[arg-type]  # a coroutine
    await zombie.frozen.wait()
    async with database.write() as session:
        others = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state LIKE 'idle in%'"
        )
        await session.execute(text(others + " AND datname = current_database()"))
    assert await written(database, job) == before
    await end_lease(database, job)
    assert await leases.claim(database, job, LONG) == 2
    taken = await written(database, job)
    zombie.thaw.set()
    with pytest.raises(Exception) as caught:  # noqa: PT011 - judged by the predicate
        await late
    assert is_out_of_reach(caught.value)
    with pytest.raises(LeaseLost):
        await WRITES[write](database, job, 1)
    assert await written(database, job) == taken


async def test_a_frozen_commit_of_one_job_costs_no_other_its_lease(
    database: Database, zombie: Freezing, job: str
) -> None:
    other = await queue_job(database)
    assert await leases.claim(database, other, 3.0) == 1
    late = asyncio.create_task(progress.report(zombie, job, 1, progress=5))
    await zombie.frozen.wait()
    async with asyncio.timeout(3):
        await leases.renew(database, [(job, 1), (other, 1)], LONG)
    await asyncio.sleep(3.1)
    assert await leases.claim(database, other, LONG) is None
    zombie.thaw.set()
    await late


async def test_a_renewal_beside_a_claim_that_is_not_committed_yet_takes_nothing_back(
    database: Database, zombie: Freezing, job: str
) -> None:
    await end_lease(database, job)
    claiming = asyncio.create_task(leases.claim(zombie, job, LONG))
    await zombie.frozen.wait()
    await leases.renew(database, [(job, 1)], LONG)
    zombie.thaw.set()
    assert await claiming == 2
    assert await leases.standing(database, [(job, 1), (job, 2)]) == {(job, 2)}


async def test_the_server_itself_ends_a_transaction_that_stands_still(database: Database) -> None:
    async with database.read() as session:
        limit = await session.scalar(text("SHOW idle_in_transaction_session_timeout"))
    assert limit == "20s"


@pytest.mark.parametrize("zombie", ["begun", "written"], indirect=True)
async def test_of_a_cancel_and_a_frozen_completion_only_one_ends_the_job(
    database: Database, zombie: Freezing, job: str
) -> None:
    late = asyncio.create_task(progress.complete(zombie, job, 1, {"files": {}}))
    await zombie.frozen.wait()
    cancelling = asyncio.create_task(records.cancel(database, job))
    await asyncio.sleep(0.2)
    zombie.thaw.set()
    outcomes = await asyncio.gather(late, cancelling, return_exceptions=True)
    over = await records.get(database, job)
    ends = [event.data["status"] for event in await events.since(database, job, 0)][2:]
    assert ends == [over.status]
    assert over.status == ("cancelled" if isinstance(outcomes[0], LeaseLost) else "completed")
