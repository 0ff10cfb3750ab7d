"""Who works on a job or a voice: a claim under a lease, with a fence that shuts out earlier ones.

A claim stays good while it is renewed. A holder that dies, hangs or loses touch is replaced once
its lease is over, and whatever it writes later is refused.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from serve.jobs import events
from serve.jobs.database import Database, now, wait_at_most
from serve.jobs.models import ACTIVE, Job, Leased, Voice
from serve.jobs.outages import RecordsOutOfReach, is_held_by_another

_ROW_SECONDS: Final = 1.0  # far longer than any of our transactions holds a row

Row = TypeVar("Row", bound=Leased)
Table = type[Leased]
"""What is claimed: `Job` or `Voice`."""


class LeaseLost(Exception):  # noqa: N818 - a turn of events, not a fault
    """The row is not (or no longer) held by this claim: stop working on it, write nothing."""


async def claim(
    database: Database, row_id: str, lease_seconds: float, table: Table = Job
) -> int | None:
    """Take what nobody holds. Returns the fence to write with, None where it can't be had.

    The first claim starts a job. What another transaction keeps to itself, such as that of a
    director that froze while it wrote, can't be had before that one ends.
    """
    statement = (
        update(table)
        .where(table.id == row_id, _claimable(table))
        .values(
            status="in_progress",
            fence=table.fence + 1,
            lease_until=now() + lease_seconds,
            idle_claims=table.idle_claims + 1,
            started_at=func.coalesce(table.started_at, now()),
        )
        .returning(table, now())
    )
    try:
        async with database.write() as session:
            await wait_at_most(session, _ROW_SECONDS)
            row = (await session.execute(statement)).one_or_none()
            if row is None:
                return None
            taken, at = row
            if taken.fence == 1 and isinstance(taken, Job):
                taken.stage = "starting"
                events.append(session, taken, "status", {"status": "in_progress"}, at)
            return int(taken.fence)
    except RecordsOutOfReach as error:
        if is_held_by_another(error):
            return None
        raise


Claim = tuple[str, int]
"""The id of a job or voice, and the fence that it is held under."""


async def renew(
    database: Database, claims: Collection[Claim], lease_seconds: float, table: Table = Job
) -> None:
    """Hold on for that long from now; claims that are lost stay lost.

    A row that another transaction keeps to itself is left for the next time: one that is frozen
    must not cost the others their leases.
    """
    held = select(table.id).where(tuple_(table.id, table.fence).in_(claims), *_held(table))
    statement = (
        update(table)
        .where(table.id.in_(held.with_for_update(skip_locked=True)))
        .values(lease_until=now() + lease_seconds)
    )
    async with database.write() as session:
        await session.execute(statement)


async def standing(database: Database, claims: Collection[Claim], table: Table = Job) -> set[Claim]:
    """Those claims that nobody has taken or ended, leases that ran out included."""
    query = select(table.id, table.fence).where(
        tuple_(table.id, table.fence).in_(claims), table.status == "in_progress"
    )
    async with database.read() as session:
        return {(row_id, fence) for row_id, fence in await session.execute(query)}


async def release(database: Database, row_id: str, fence: int, table: Table = Job) -> None:
    """Give a claim back at once, so that another director goes on. Raises LeaseLost."""
    async with database.write() as session:
        row, _ = await hold_row(session, table, row_id, fence)
        row.lease_until = None
        row.idle_claims = max(0, row.idle_claims - 1)


async def end_claim(database: Database, row_id: str, table: Table = Job) -> None:
    """End whatever claim there is, its holder being dead, so that nobody waits for its lease.

    A holder that lives after all has lost it: its fence can't write any more once another
    has claimed it, and what it has committed stays.
    """
    statement = update(table).where(table.id == row_id, table.status == "in_progress")
    async with database.write() as session:
        await session.execute(statement.values(lease_until=None))


async def give_up(
    database: Database, row_id: str, fence: int, most_attempts: int, table: Table = Job
) -> bool:
    """End a claim that cannot go on; the next one begins anew where this one got nothing done.

    False where it has had its attempts: then nothing is changed. Raises LeaseLost.
    """
    async with database.write() as session:
        row, _ = await hold_row(session, table, row_id, fence)
        if row.idle_claims:
            if row.attempt >= most_attempts:
                return False
            row.begin_anew()
        row.lease_until = None
        return True


async def restart(database: Database, job_id: str, fence: int, fingerprint: str) -> int:
    """Begin the job again from segment 0. Returns the new attempt. Raises LeaseLost."""
    async with database.write() as session:
        job, _ = await hold(session, job_id, fence)
        job.begin_anew()
        job.fingerprint = fingerprint
        return job.attempt


async def claimable(database: Database, limit: int = 100, table: Table = Job) -> Sequence[str]:
    """Ids of what nobody works on, the oldest first."""
    query = (
        select(table.id).where(_claimable(table)).order_by(table.created_at, table.id).limit(limit)
    )
    async with database.read() as session:
        return (await session.scalars(query)).all()


async def unfinished(database: Database) -> int:
    """How many jobs and voices wait or are in the works: what all directors have to do."""
    counts = [
        select(func.count()).where(table.status.in_(ACTIVE)).scalar_subquery()
        for table in (Job, Voice)
    ]
    async with database.read() as session:
        return sum((await session.execute(select(*counts))).one())


async def hold(session: AsyncSession, job_id: str, fence: int) -> tuple[Job, float]:
    """`hold_row` of a job."""
    return await hold_row(session, Job, job_id, fence)


async def hold_row(
    session: AsyncSession, table: type[Row], row_id: str, fence: int
) -> tuple[Row, float]:
    """The row and the database's time, the row held until the transaction ends.

    This UPDATE changes nothing: it is the check that the claim still stands, made in a way that
    no other claim can pass before the transaction's own changes are in. Raises LeaseLost.
    """
    statement = (
        update(table)
        .where(table.id == row_id, table.fence == fence, *_held(table))
        .values(fence=table.fence)
        .returning(table, now())
    )
    found: Any = (await session.execute(statement)).one_or_none()
    if found is None:
        raise LeaseLost(row_id)
    return found[0], found[1]


def _held(table: Table) -> tuple[ColumnElement[bool], ...]:
    return table.status == "in_progress", table.lease_until > now()


def _claimable(table: Table) -> ColumnElement[bool]:
    free = or_(table.lease_until.is_(None), table.lease_until < now())
    return and_(table.status.in_(ACTIVE), free)
