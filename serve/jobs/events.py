"""What happened to a job, in order, so that a follower can begin anywhere."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from serve.jobs import deliveries
from serve.jobs.database import Database
from serve.jobs.models import Event, Job


def append(session: AsyncSession, job: Job, happened: str, data: dict[str, Any], at: float) -> None:
    """Add an event, and its webhook message, in the transaction that changes the job.

    The transaction holds the job's row, and has made the changes that the event tells of.
    """
    job.last_event += 1
    session.add(Event(job_id=job.id, seq=job.last_event, type=happened, data=data, created_at=at))
    deliveries.tell(session, job, happened, at)


async def since(database: Database, job_id: str, seq: int) -> Sequence[Event]:
    """The job's events after number `seq`."""
    query = select(Event).where(Event.job_id == job_id, Event.seq > seq).order_by(Event.seq)
    async with database.read() as session:
        return (await session.scalars(query)).all()


async def latest(database: Database, job_ids: Collection[str]) -> dict[str, int]:
    """Number of the latest event of each job that is there."""
    query = select(Job.id, Job.last_event).where(Job.id.in_(job_ids))
    async with database.read() as session:
        return {job_id: seq for job_id, seq in await session.execute(query)}
