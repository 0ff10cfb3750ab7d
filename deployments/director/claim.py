"""Holding a job or a voice while it is made: the lease, the watch for its end, the outcome."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from opentelemetry import trace

from deployments.director.cloning import drop_sample, make_voice
from deployments.director.flow import make_video
from deployments.director.patience import passes
from deployments.director.run import Means
from media.errors import AvatarError
from serve.jobs import leases, progress, records, removal, voices
from serve.jobs.leases import LeaseLost
from serve.jobs.models import Job, Leased, Voice
from serve.logs import about, told

log = logging.getLogger(__name__)

ATTEMPTS: Final = 4
"""Times that something is begun anew before it fails for what its stages could not do."""
IDLE_CLAIMS: Final = 20
"""Claims in a row that got nothing done after which it is taken for what breaks directors."""


@dataclass(frozen=True, slots=True)
class Matter:
    """What a director has in hand: a job or a voice."""

    means: Means
    table: type[Leased]
    id: str
    word: str
    """What it is called in sentences."""
    work: Callable[[int], Awaitable[None]]
    """Make it under the claim with this fence."""
    fail: Callable[[int, AvatarError], Awaitable[None]]
    """End it with the reason."""

    def ended(self, status: str) -> None:
        """Say how the claim ended."""
        log.info("the claim of %s %s is over: %s", self.word, self.id, status)
        self.means.measures.ended(self.word, status)


async def direct(means: Means, job_id: str) -> None:
    """Make the job's video, unless somebody else does or it is over.

    A fault ends the job and stands in its record; it is not raised. Raises AvatarError
    `overloaded` where the records are away.
    """

    async def work(fence: int) -> None:
        job = await records.get(means.database, job_id)
        _require_hope(job, "video")
        await make_video(means, job, fence)

    async def fail(fence: int, fault: AvatarError) -> None:
        await progress.fail(means.database, job_id, fence, fault)

    await _see_through(Matter(means, Job, job_id, "video", work, fail))


async def direct_voice(means: Means, voice_id: str) -> None:
    """Make the voice of its sample; else like `direct`."""

    async def work(fence: int) -> None:
        voice = await voices.get(means.database, voice_id)
        _require_hope(voice, "voice")
        await make_voice(means, voice, fence)

    async def fail(fence: int, fault: AvatarError) -> None:
        await voices.fail(means.database, voice_id, fence, fault)

    await _see_through(Matter(means, Voice, voice_id, "voice", work, fail))
    await drop_sample(means, voice_id)


def _require_hope(row: Leased, word: str) -> None:
    """Raises AvatarError for what broke off every claim on it so far."""
    if row.idle_claims > IDLE_CLAIMS:
        log.error("%s %s broke off %d claims in a row", word, row.id, row.idle_claims)
        raise AvatarError("internal", f"The {word} could not be made: work on it broke off.")


async def _see_through(matter: Matter) -> None:
    means = matter.means
    fence = await leases.claim(means.database, matter.id, means.holding.lease, matter.table)
    if fence is None:
        return
    trace.get_current_span().set_attribute(f"avatar.{matter.word}_id", matter.id)
    with about(matter.word, matter.id):
        log.info("%s %s is claimed under fence %d", matter.word, matter.id, fence)
        await _work_on(matter, fence)


async def _work_on(matter: Matter, fence: int) -> None:
    database = matter.means.database
    try:
        await _hold_while_working(matter, fence)
    except LeaseLost:
        log.info("%s %s was taken away or cancelled", matter.word, matter.id)
        await removal.remove_leftovers(database, matter.means.artifacts, matter.id, matter.table)
        matter.ended("lost")
    except asyncio.CancelledError:
        await asyncio.shield(_give_back(matter, fence))
        raise


async def _hold_while_working(matter: Matter, fence: int) -> None:
    work = asyncio.ensure_future(matter.work(fence))
    watch = asyncio.create_task(matter.means.holding.lost(matter.id, fence, matter.table))
    try:
        await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise LeaseLost(matter.id)
        await work
        matter.ended("completed")
    except Exception as error:
        await _end(matter, fence, error)
    finally:
        for task in (work, watch):
            task.cancel()
        await asyncio.gather(work, watch, return_exceptions=True)


async def _end(matter: Matter, fence: int, error: Exception) -> None:
    """Write why the claim ends: for good, or to be tried again by another."""
    fault = _fault(error, matter)
    if fault is None:
        raise LeaseLost(matter.id) from error
    database, table = matter.means.database, matter.table
    if passes(fault) and await leases.give_up(database, matter.id, fence, ATTEMPTS, table):
        log.warning("%s %s waits for another claim: %s", matter.word, matter.id, fault.code)
        matter.ended("given_up")
        return
    await matter.fail(fence, fault)
    matter.ended("failed")


async def _give_back(matter: Matter, fence: int) -> None:
    """A director that is told to stop lets another go on at once."""
    try:
        await leases.release(matter.means.database, matter.id, fence, matter.table)
    except LeaseLost:
        log.info("%s %s was over before it could be given back", matter.word, matter.id)


def _fault(error: BaseException, matter: Matter) -> AvatarError | None:
    """The error that ends the claim; None where the claim is lost and nothing may be written."""
    causes = _flat(error)
    if any(isinstance(cause, LeaseLost) for cause in causes):
        return None
    for cause in causes:
        if isinstance(cause, AvatarError):
            return cause
    for cause in causes:
        log.error("%s %s failed by %s", matter.word, matter.id, told(cause))
    if any(passes(cause) for cause in causes):
        return AvatarError("overloaded", "The store of videos is away or full: try again later.")
    return AvatarError("internal", f"The {matter.word} could not be made: try again in a moment.")


def _flat(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in _flat(inner)]
    return [error]
