"""The published part of a job: its committed segments in an unbroken row from the start."""

from collections.abc import Sequence

from sqlalchemy import select

from media.errors import AvatarError
from serve.jobs.database import Database
from serve.jobs.models import Job, Segment


async def published(
    database: Database, job_id: str, owner: str | None = None, *, first: int = 0
) -> tuple[Job, Sequence[Segment]]:
    """The job, and the published segments of its attempt from number `first` on.

    Raises AvatarError `not_found`, also where the job is removed meanwhile.
    """
    async with database.read() as session:
        job = await session.get(Job, job_id)
        if job is None or owner not in (None, job.owner):
            raise not_found()
        # The row of an attempt only grows, so what was published a statement ago still is.
        query = select(Segment).where(
            Segment.job_id == job_id,
            Segment.attempt == job.attempt,
            Segment.n >= first,
            Segment.n < job.next_segment,
        )
        segments = (await session.scalars(query.order_by(Segment.n))).all()
    if len(segments) != max(0, job.next_segment - first):
        raise not_found()
    return job, segments


async def segment(
    database: Database, job_id: str, attempt: int, n: int, owner: str | None = None
) -> tuple[Job, Segment]:
    """The job and a segment of it: a published one, or one of an attempt before the present.

    Raises AvatarError `not_found`.
    """
    async with database.read() as session:
        job = await session.get(Job, job_id)
        found = await session.get(Segment, (job_id, attempt, n))
    if job is None or found is None or owner not in (None, job.owner):
        raise not_found()
    if attempt == job.attempt and n >= job.next_segment:
        raise not_found()  # committed out of order: it may not be shown yet
    return job, found


def not_found() -> AvatarError:
    """The error for a video or a part of it that is not there."""
    return AvatarError("not_found", "There is no such part of a video: see GET /v1/videos.")
