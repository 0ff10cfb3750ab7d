"""Jobs asked for as a stream: they live while somebody follows them."""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, and_, func, or_, select, update

from serve.jobs import records
from serve.jobs.database import Database, now
from serve.jobs.models import ACTIVE, Job


async def follow(database: Database, job_ids: Collection[str], seconds: float = 0.0) -> None:
    """Note that somebody takes parts of these jobs, or will within so many seconds.

    Nothing is written for jobs that need no follower.
    """
    needing = and_(Job.id.in_(job_ids), _must_be_followed())
    async with database.read() as session:
        found = (await session.scalars(select(Job.id).where(needing))).all()
    if not found:
        return
    until = now() + seconds
    later = or_(Job.followed_at.is_(None), Job.followed_at < until)
    async with database.write() as session:
        await session.execute(
            update(Job)
            .where(Job.id.in_(found), _must_be_followed(), later)
            .values(followed_at=until)
        )


async def cancel_unfollowed(database: Database, seconds: float = 10.0) -> Sequence[str]:
    """Cancel the jobs whose stream nobody has taken for so long. Returns their ids."""
    left = and_(
        _must_be_followed(), func.coalesce(Job.followed_at, Job.created_at) < now() - seconds
    )
    async with database.read() as session:  # a sweep that finds nothing waits for no writer
        if await session.scalar(select(Job.id).where(left).limit(1)) is None:
            return ()
    async with database.write() as session:
        return [job.id for job in await records.stop(session, left)]


def _must_be_followed() -> ColumnElement[bool]:
    return and_(Job.must_follow, Job.status.in_(ACTIVE))
