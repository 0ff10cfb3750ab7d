"""Who works on a job: a claim under a lease, with a fence that shuts out earlier claims.

A claim stays good while it is renewed. A holder that dies, hangs or loses touch is replaced once
its lease is over, and whatever it writes later is refused.
"""

from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from serve.jobs import events
from serve.jobs.database import Database, now, wait_at_most
from serve.jobs.models import ACTIVE, Job
from serve.jobs.outages import RecordsOutOfReach, is_held_by_another

_ROW_SECONDS: Final = 1.0  # far longer than any of our transactions holds a row


class LeaseLost(Exception):  # noqa: N818 - a turn of events, not a fault
    """The job is not (or no longer) held by this claim: stop working on it, write nothing."""


async def claim(database: Database, job_id: str, lease_seconds: float) -> int | None:
    """Take a job that nobody holds. Returns the fence to write with, None where it can't be had.

    The first claim starts the job. A job whose row another transaction keeps to itself, such as
    that of a director that froze while it wrote, can't be had before that one ends.
    """
    statement = (
        update(Job)
        .where(Job.id == job_id, _claimable())
        .values(
            status="in_progress",
            fence=Job.fence + 1,
            lease_until=now() + lease_seconds,
            idle_claims=Job.idle_claims + 1,
            started_at=func.coalesce(Job.started_at, now()),
        )
        .returning(Job, now())
    )
    try:
        async with database.write() as session:
            await wait_at_most(session, _ROW_SECONDS)
            row = (await session.execute(statement)).one_or_none()
            if row is None:
                return None
            job, at = row
            if job.fence == 1:
                job.stage = "starting"
                events.append(session, job, "status", {"status": "in_progress"}, at)
            return int(job.fence)
    except RecordsOutOfReach as error:
        if is_held_by_another(error):
            return None
        raise


Claim = tuple[str, int]
"""A job's id and the fence that it is held under."""


async def renew(database: Database, claims: Collection[Claim], lease_seconds: float) -> None:
    """Hold on to jobs for that long from now; claims that are lost stay lost.

    A row that another transaction keeps to itself is left for the next time: one that is frozen
    must not cost the others their leases.
    """
    held = select(Job.id).where(tuple_(Job.id, Job.fence).in_(claims), *_held())
    statement = (
        update(Job)
        .where(Job.id.in_(held.with_for_update(skip_locked=True)))
        .values(lease_until=now() + lease_seconds)
    )
    async with database.write() as session:
        await session.execute(statement)


async def standing(database: Database, claims: Collection[Claim]) -> set[Claim]:
    """Those claims that nobody has taken or ended, leases that ran out included."""
    query = select(Job.id, Job.fence).where(
        tuple_(Job.id, Job.fence).in_(claims), Job.status == "in_progress"
    )
    async with database.read() as session:
        return {(job_id, fence) for job_id, fence in await session.execute(query)}


async def release(database: Database, job_id: str, fence: int) -> None:
    """Give a claim back at once, so that another director goes on. Raises LeaseLost."""
    async with database.write() as session:
        job, _ = await hold(session, job_id, fence)
        job.lease_until = None
        job.idle_claims = max(0, job.idle_claims - 1)


async def end_claim(database: Database, job_id: str) -> None:
    """End whatever claim there is, its holder being dead, so that nobody waits for its lease.

    A holder that lives after all has lost the job: its fence can't write any more once another
    has claimed it, and what it has committed stays.
    """
    statement = update(Job).where(Job.id == job_id, Job.status == "in_progress")
    async with database.write() as session:
        await session.execute(statement.values(lease_until=None))


async def give_up(database: Database, job_id: str, fence: int, most_attempts: int) -> bool:
    """End a claim that cannot go on; the next one begins anew where this one got nothing done.

    False where the job has had its attempts: then nothing is changed. Raises LeaseLost.
    """
    async with database.write() as session:
        job, _ = await hold(session, job_id, fence)
        if job.idle_claims:
            if job.attempt >= most_attempts:
                return False
            _begin_anew(job)
        job.lease_until = None
        return True


async def restart(database: Database, job_id: str, fence: int, fingerprint: str) -> int:
    """Begin the job again from segment 0. Returns the new attempt. Raises LeaseLost."""
    async with database.write() as session:
        job, _ = await hold(session, job_id, fence)
        _begin_anew(job)
        job.fingerprint = fingerprint
        return job.attempt


def _begin_anew(job: Job) -> None:
    job.attempt += 1
    job.next_segment = 0
    job.segments_total = None


async def claimable(database: Database, limit: int = 100) -> Sequence[str]:
    """Ids of jobs that nobody works on, the oldest first."""
    query = select(Job.id).where(_claimable()).order_by(Job.created_at, Job.id).limit(limit)
    async with database.read() as session:
        return (await session.scalars(query)).all()


async def hold(session: AsyncSession, job_id: str, fence: int) -> tuple[Job, float]:
    """The job and the database's time, its row held until the transaction ends.

    This UPDATE changes nothing: it is the check that the claim still stands, made in a way that
    no other claim can pass before the transaction's own changes are in. Raises LeaseLost.
    """
    statement = (
        update(Job)
        .where(Job.id == job_id, Job.fence == fence, *_held())
        .values(fence=Job.fence)
        .returning(Job, now())
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise LeaseLost(job_id)
    return row[0], row[1]


def _held() -> tuple[ColumnElement[bool], ...]:
    return Job.status == "in_progress", Job.lease_until > now()


def _claimable() -> ColumnElement[bool]:
    free = or_(Job.lease_until.is_(None), Job.lease_until < now())
    return and_(Job.status.in_(ACTIVE), free)
