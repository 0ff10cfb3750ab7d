"""What the holder of a claim writes about its job. Every call raises LeaseLost when it lost it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from media.errors import AvatarError
from serve.jobs import events, quotas
from serve.jobs.database import Database, expiry
from serve.jobs.faults import as_dict
from serve.jobs.leases import hold
from serve.jobs.models import Job, Piece, Segment
from serve.jobs.naming import alone_with_portrait


@dataclass(frozen=True, slots=True)
class Made:
    """A segment whose artifact is stored: frames [start, stop) under `key`."""

    n: int
    start: int
    stop: int
    key: str
    size: int
    info: Mapping[str, Any] = field(default_factory=dict)


async def report(
    database: Database,
    job_id: str,
    fence: int,
    *,
    stage: str | None = None,
    progress: int | None = None,
    segments_total: int | None = None,
    timings: Mapping[str, float] | None = None,
    portrait: str | None = None,
    fingerprint: str | None = None,
    eta_seconds: float | None = None,
) -> None:
    """Note where the work stands; what is None stays as it was. Progress never falls.

    `eta_seconds`: until the stage is over, told with it where the job's own course can't tell.
    """
    async with database.write() as session:
        job, at = await hold(session, job_id, fence)
        job.segments_total = job.segments_total if segments_total is None else segments_total
        job.timings = {**job.timings, **(timings or {})}
        if portrait is not None:
            await alone_with_portrait(session, portrait)
            job.portrait = portrait
        job.fingerprint = fingerprint or job.fingerprint
        _move(session, job, at, stage=stage, progress=progress, eta=eta_seconds)


async def commit_segment(
    database: Database, job_id: str, fence: int, made: Made, *, progress: int | None = None
) -> int:
    """Commit a segment; they may come in any order, and twice. Returns the published prefix."""
    async with database.write() as session:
        job, at = await hold(session, job_id, fence)
        committed = await _numbers(session, job)
        if made.n in committed:
            return job.next_segment
        job.idle_claims = 0
        session.add(
            Segment(
                job_id=job.id,
                attempt=job.attempt,
                n=made.n,
                start=made.start,
                stop=made.stop,
                key=made.key,
                size=made.size,
                info=dict(made.info),
                created_at=at,
            )
        )
        committed.add(made.n)
        while job.next_segment in committed:
            job.next_segment += 1
        data = {
            "segment": made.n,
            "committed": len(committed),
            "published": job.next_segment,
            "total": job.segments_total,
        }
        events.append(session, job, "segment", data, at)
        _move(session, job, at, progress=progress)
        return job.next_segment


async def complete(
    database: Database,
    job_id: str,
    fence: int,
    result: Mapping[str, Any],
    timings: Mapping[str, float] | None = None,
) -> None:
    """Finish the job: `result` names its files, which are stored already."""
    async with database.write() as session:
        job, at = await hold(session, job_id, fence)
        job.result = dict(result)
        job.timings = {**job.timings, **(timings or {})}
        job.progress = 100
        await _close(session, job, at, "completed", {})


async def fail(database: Database, job_id: str, fence: int, error: AvatarError) -> None:
    """End the job with the reason, as the client will read it."""
    async with database.write() as session:
        job, at = await hold(session, job_id, fence)
        job.error = {**as_dict(error), "stage": job.stage}
        await _close(session, job, at, "failed", {"error": job.error})


async def segments(database: Database, job_id: str, attempt: int) -> Sequence[Segment]:
    """The committed segments of an attempt, in order."""
    query = select(Segment).where(Segment.job_id == job_id, Segment.attempt == attempt)
    async with database.read() as session:
        return (await session.scalars(query.order_by(Segment.n))).all()


async def _numbers(session: AsyncSession, job: Job) -> set[int]:
    query = select(Segment.n).where(Segment.job_id == job.id, Segment.attempt == job.attempt)
    return set((await session.scalars(query)).all())


def _move(
    session: AsyncSession,
    job: Job,
    at: float,
    *,
    stage: str | None = None,
    progress: int | None = None,
    eta: float | None = None,
) -> None:
    """Change stage and progress, with an event where one of them really changed."""
    new_stage = stage is not None and stage != job.stage
    new_progress = progress is not None and progress > job.progress
    if new_stage and stage is not None:
        job.stage = stage
    if new_progress and progress is not None:
        job.progress = min(progress, 99)  # 100 is said by `complete` alone
    if new_stage or new_progress:
        data = {"stage": job.stage, "progress": job.progress, "eta_seconds": eta or _eta(job, at)}
        events.append(session, job, "stage" if new_stage else "progress", data, at)


def _eta(job: Job, at: float) -> float | None:
    """Seconds to go if the rest goes on as the part done did."""
    if not job.progress or job.started_at is None:
        return None
    return round((at - job.started_at) * (100 - job.progress) / job.progress, 1)


async def _close(
    session: AsyncSession, job: Job, at: float, status: str, data: Mapping[str, Any]
) -> None:
    if job.attempt > 1:
        # What attempts made that were given up is named no more, and swept.
        for table in (Segment, Piece):
            earlier = delete(table).where(table.job_id == job.id, table.attempt < job.attempt)
            await session.execute(earlier)
    await quotas.spend(session, job, at)
    job.status = status
    job.completed_at = at
    job.expires_at = expiry(session, at)
    job.lease_until = None
    job.stage = status
    events.append(session, job, "status", {"status": status, "progress": job.progress, **data}, at)
