"""How much an owner may have made: seconds of video a day (UTC), and jobs at a time.

What was made counts, what is being made counts by how long it is likely to get.
"""

import math
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from media.errors import AvatarError
from media.timegrid import FRAME_RATES
from serve.jobs.database import alone
from serve.jobs.models import ACTIVE, Job, Segment, Usage

_DAY: Final = 86_400
_SOON: Final = 10
"""Seconds after which an owner whose jobs are all running should ask again."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What a key lets its owner have; None: as much as there is."""

    seconds_a_day: float | None = None
    active_jobs: int | None = None


UNLIMITED: Final = Quota()


@dataclass(frozen=True, slots=True)
class Used:
    """What an owner has had today."""

    seconds: float
    """Of video, made and expected."""
    active_jobs: int


def day_of(at: float) -> int:
    """The day (UTC) of a moment, Unix seconds, as days since 1970-01-01."""
    return int(at // _DAY)


async def used(session: AsyncSession, owner: str, at: float) -> Used:
    """What an owner has had on the day of a moment, Unix seconds."""
    made = select(Usage.seconds).where(Usage.owner == owner, Usage.day == day_of(at))
    active = select(func.count(), func.coalesce(func.sum(Job.expected_seconds), 0.0)).where(
        Job.owner == owner, Job.status.in_(ACTIVE)
    )
    count, expected = (await session.execute(active)).one()
    return Used((await session.scalar(made) or 0.0) + expected, count)


async def require(
    session: AsyncSession, owner: str, quota: Quota, seconds: float, at: float
) -> None:
    """Raise AvatarError where a video of so many seconds is more than the owner may have now.

    `too_many_jobs` and `rate_limited` (details: retry_after, seconds), or `too_large` for more
    than a whole day's.
    """
    if quota == UNLIMITED:
        return
    most = quota.seconds_a_day
    if most is not None and seconds > most:
        raise AvatarError(
            "too_large",
            f"This video would get about {seconds:.0f} s long; your key may have {most:.0f} s made "
            "a day: ask for less, or its operator for more.",
        )
    had = await used(session, owner, at)
    if quota.active_jobs is not None and had.active_jobs >= quota.active_jobs:
        raise AvatarError(
            "too_many_jobs",
            f"{had.active_jobs} of your videos are being made or waiting, the most that your key "
            "may have: wait for one to end.",
            details={"retry_after": _SOON},
        )
    if most is not None and had.seconds + seconds > most:
        left = max(0.0, most - had.seconds)
        raise AvatarError(
            "rate_limited",
            f"Your key may have {most:.0f} s of video made a day, {left:.0f} s are left until "
            "00:00 UTC: ask for less, or later.",
            details={"retry_after": math.ceil(_DAY - at % _DAY)},
        )


async def spend(session: AsyncSession, job: Job, at: float) -> None:
    """Count what a job that ends now has had made: the segments that were published."""
    seconds = await _made(session, job)
    if not seconds:
        return
    await alone(session, f"usage {job.owner}")
    day = day_of(at)
    row = await session.get(Usage, (job.owner, day))
    if row is None:
        session.add(Usage(owner=job.owner, day=day, seconds=seconds))
    else:
        row.seconds += seconds


async def _made(session: AsyncSession, job: Job) -> float:
    published = select(func.max(Segment.stop)).where(
        Segment.job_id == job.id, Segment.attempt == job.attempt, Segment.n < job.next_segment
    )
    frames = await session.scalar(published) or 0
    return float(frames / FRAME_RATES[job.request["fps"]]) if frames else 0.0
