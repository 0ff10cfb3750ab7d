"""Holding a job while its video is made: the lease, the watch for cancellation, the outcome."""

import asyncio
import logging
import traceback
from typing import Final

from deployments.director.flow import make_video
from deployments.director.patience import passes
from deployments.director.run import Means
from media.errors import AvatarError
from serve.jobs import leases, progress, records, removal
from serve.jobs.leases import LeaseLost

log = logging.getLogger(__name__)

ATTEMPTS: Final = 4
"""Times that a job is begun anew before it fails for what its stages could not do."""
IDLE_CLAIMS: Final = 20
"""Claims in a row without a new segment after which a job is taken for what breaks directors."""


async def direct(means: Means, job_id: str) -> None:
    """Make the job's video, unless somebody else does or it is over.

    A fault ends the job and stands in its record; it is not raised. Raises AvatarError
    `overloaded` where the records are away.
    """
    fence = await leases.claim(means.database, job_id, means.holding.lease)
    if fence is None:
        return
    try:
        await _hold_while_working(means, job_id, fence)
    except LeaseLost:
        log.info("job %s was taken away or cancelled", job_id)
        await removal.remove_leftovers(means.database, means.artifacts, job_id)
    except asyncio.CancelledError:
        await asyncio.shield(_give_back(means, job_id, fence))
        raise


async def _hold_while_working(means: Means, job_id: str, fence: int) -> None:
    work = asyncio.create_task(_work(means, job_id, fence))
    watch = asyncio.create_task(means.holding.lost(job_id, fence))
    try:
        await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise LeaseLost(job_id)
        await work
    except Exception as error:
        await _end(means, job_id, fence, error)
    finally:
        for task in (work, watch):
            task.cancel()
        await asyncio.gather(work, watch, return_exceptions=True)


async def _work(means: Means, job_id: str, fence: int) -> None:
    job = await records.get(means.database, job_id)
    if job.idle_claims > IDLE_CLAIMS:
        log.error("job %s broke off %d claims in a row", job_id, job.idle_claims)
        raise AvatarError("internal", "The video could not be made: work on it broke off.")
    await make_video(means, job, fence)


async def _end(means: Means, job_id: str, fence: int, error: Exception) -> None:
    """Write why the claim ends: for good, or to be tried again by another."""
    fault = _fault(error, job_id)
    if fault is None:
        raise LeaseLost(job_id) from error
    if passes(fault) and await leases.give_up(means.database, job_id, fence, ATTEMPTS):
        log.warning("job %s waits for another claim: %s", job_id, fault.code)
        return
    await progress.fail(means.database, job_id, fence, fault)


async def _give_back(means: Means, job_id: str, fence: int) -> None:
    """A director that is told to stop lets another go on at once."""
    try:
        await leases.release(means.database, job_id, fence)
    except LeaseLost:
        log.info("job %s was over before it could be given back", job_id)


def _fault(error: BaseException, job_id: str) -> AvatarError | None:
    """The error that ends the claim; None where the claim is lost and nothing may be written."""
    causes = _flat(error)
    if any(isinstance(cause, LeaseLost) for cause in causes):
        return None
    for cause in causes:
        if isinstance(cause, AvatarError):
            return cause
    for cause in causes:
        # Types and places only: messages may hold what a user wrote.
        where = "".join(traceback.format_tb(cause.__traceback__))
        log.error("job %s failed by %s\n%s", job_id, type(cause).__name__, where)
    if any(passes(cause) for cause in causes):
        return AvatarError("overloaded", "The store of videos is away or full: try again later.")
    return AvatarError("internal", "The video could not be made: try again in a moment.")


def _flat(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in _flat(inner)]
    return [error]
