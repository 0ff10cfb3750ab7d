"""Waiting for the parts of a video that is being made."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from media.errors import AvatarError
from serve.api.services import Services
from serve.jobs import database, records
from serve.jobs.faults import as_error
from serve.jobs.models import ACTIVE, Job
from serve.storage import artifacts

T = TypeVar("T")

_AWAY: Final = 60.0
"""Seconds that records or artifacts may be away without an answer under way being given up."""
_PAUSE: Final = 0.5
_STARTS_SOON: Final = 2.0  # a job that has waited for longer is in a queue


async def until_published(
    services: Services, job_id: str, n: int, seconds: float, *, attempt: int | None = None
) -> Job:
    """The job once its segment `n` is published or it is over, at the latest after so long.

    Where `attempt` is given, also once the job is not at it any more. Whoever waits here follows
    the job. Raises AvatarError `not_found`.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    while True:
        job = await records.get(services.database, job_id)
        waited = loop.time() - began
        if attempt not in (None, job.attempt):
            return job
        if job.next_segment > n or job.status not in ACTIVE or waited >= seconds:
            return job
        soon = job.next_segment == 0 and (job.status == "in_progress" or waited < _STARTS_SOON)
        await services.following.news(job_id, job.last_event, seconds - waited, quick=soon)


async def patiently(work: Callable[[], Awaitable[T]]) -> T:
    """The result of `work`, tried again while the records or the artifacts are out of reach."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while True:
        try:
            return await work()
        except Exception as error:
            away = database.is_out_of_reach(error) or artifacts.is_out_of_reach(error)
            if not away or loop.time() - began > _AWAY:
                raise
        await asyncio.sleep(_PAUSE)


def playable(job: Job) -> None:
    """Raise what ended the job, where it ended without a video."""
    if job.status == "failed" and job.error is not None:
        raise as_error(job.error)
    if job.status == "cancelled":
        raise AvatarError("not_found", "This video was cancelled: ask for it again.")
