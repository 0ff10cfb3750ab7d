"""Jobs as their owner sees them: create, look up, list, cancel, delete."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from media.errors import AvatarError
from serve.jobs import events, paging, quotas, voices
from serve.jobs.database import Database, alone, clock, expiry, now
from serve.jobs.idempotency import Note
from serve.jobs.models import ACTIVE, OVER, Avatar, Job
from serve.jobs.naming import alone_with_portrait
from serve.jobs.paging import Order
from serve.jobs.quotas import UNLIMITED, Quota

_GUESSED_SECONDS: Final = 10.0  # a job's duration while none has been measured
_MEASURED_JOBS: Final = 20


@dataclass(frozen=True, slots=True)
class NewJob:
    """What is known of a job when it is accepted."""

    id: str
    request: dict[str, Any]
    avatar_id: str
    owner: str = "local"
    metadata: dict[str, str] = field(default_factory=dict)
    must_follow: bool = False
    webhook_url: str | None = None
    expected_seconds: float = 0.0
    """How long the video is likely to get."""
    consent: str | None = None
    """What was stated of whose photo came with the request."""


async def create(
    database: Database,
    new: NewJob,
    *,
    max_active: int,
    quota: Quota = UNLIMITED,
    avatar: Avatar | None = None,
    note: Note | None = None,
) -> Job:
    """Accept a job, with the unlisted avatar that was made for it, if any.

    `note` is written in the same transaction; what it raises undoes all.
    Raises AvatarError `too_many_jobs` and `rate_limited` (details: retry_after, seconds),
    `too_large` for what `quota` never lets in, `unknown_avatar` and `unknown_voice`.
    """
    async with database.write() as session:
        await alone(session, "accepting")  # another one would count the same jobs
        await require_room(session, max_active)
        at = await clock(session)
        await quotas.require(session, new.owner, quota, new.expected_seconds, at)
        if avatar is not None:
            await alone_with_portrait(session, avatar.portrait)
            avatar.created_at = at
            session.add(avatar)
            await session.flush()
        # Held, so that it is not removed before the job that needs it is there.
        if await session.get(Avatar, new.avatar_id, with_for_update={"read": True}) is None:
            raise unknown_avatar()
        await voices.require_used(session, new.request)
        job = Job(
            id=new.id,
            owner=new.owner,
            status="queued",
            stage="queued",
            progress=0,
            created_at=at,
            request=new.request,
            avatar_id=new.avatar_id,
            meta=dict(new.metadata),
            must_follow=new.must_follow,
            followed_at=at if new.must_follow else None,
            last_event=0,
            webhook_url=new.webhook_url,
            expected_seconds=new.expected_seconds,
            consent=new.consent,
        )
        session.add(job)
        await session.flush()  # events refer to the row
        events.append(session, job, "status", {"status": "queued"}, at)
        if note is not None:
            await note(session, job.id)
    return job


def unknown_avatar() -> AvatarError:
    """The error for an avatar that is not there, or not the client's own."""
    return AvatarError(
        "unknown_avatar",
        "No avatar has this id: choose one that GET /v1/avatars lists, or upload a picture.",
        param="avatar",
    )


async def require_room(session: AsyncSession, max_active: int) -> None:
    """Raise `too_many_jobs` where `max_active` jobs are queued or running."""
    active = await session.scalar(select(func.count()).where(Job.status.in_(ACTIVE))) or 0
    if active < max_active:
        return
    raise AvatarError(
        "too_many_jobs",
        f"{active} videos are being made or waiting, the most that are let in: try again later.",
        details={"retry_after": await _seconds_until_room(session)},
    )


async def _seconds_until_room(session: AsyncSession) -> int:
    """When a running job will probably end, from how long the last ones took."""
    ended = (
        select(Job.completed_at - Job.started_at)
        .where(Job.status == "completed")
        .order_by(Job.completed_at.desc())
        .limit(_MEASURED_JOBS)
    )
    spans = [span for span in await session.scalars(ended) if span is not None]
    typical = sum(spans) / len(spans) if spans else _GUESSED_SECONDS
    running = await session.scalar(select(func.count()).where(Job.status == "in_progress")) or 0
    return min(600, max(1, math.ceil(typical / max(1, running))))


async def get(database: Database, job_id: str, owner: str | None = None) -> Job:
    """One job. Raises AvatarError `not_found`, also for another owner's."""
    async with database.read() as session:
        return await _get(session, job_id, owner)


async def _get(session: AsyncSession, job_id: str, owner: str | None) -> Job:
    job = await session.get(Job, job_id)
    if job is None or owner not in (None, job.owner):
        raise AvatarError("not_found", "No video has this id: list yours with GET /v1/videos.")
    return job


async def page(
    database: Database,
    owner: str,
    *,
    after: str | None = None,
    limit: int = 20,
    order: Order = "desc",
) -> tuple[Sequence[Job], bool]:
    """At most `limit` jobs by time of creation, from behind job `after`; and whether more follow.

    Raises AvatarError `invalid_request` where `after` is no job of this owner.
    """
    return await paging.page(
        database, Job, select(Job), owner=owner, after=after, limit=limit, order=order
    )


async def cancel(
    database: Database,
    job_id: str,
    owner: str | None = None,
    *,
    stopped: Callable[[], None] = lambda: None,
) -> Job:
    """Stop a queued or running job at once; a finished one stays as it was.

    Whoever works on it finds its claim lost at the next write. `stopped` is called where this call
    is what stopped it. Raises AvatarError `not_found`.
    """
    which = Job.id == job_id if owner is None else and_(Job.id == job_id, Job.owner == owner)
    async with database.write() as session:
        now_over = await stop(session, which)
        job = now_over[0] if now_over else await _get(session, job_id, owner)
    if now_over:
        stopped()
    return job


async def stop(session: AsyncSession, which: ColumnElement[bool]) -> Sequence[Job]:
    """Cancel those queued and running jobs for which `which` holds; the jobs as they are now."""
    statement = (
        update(Job)
        .where(which, Job.status.in_(ACTIVE))
        .values(
            status="cancelled",
            stage="cancelled",
            cancel_requested=True,
            completed_at=now(),
            expires_at=expiry(session, now()),
            lease_until=None,
        )
        .returning(Job, now())
    )
    stopped = (await session.execute(statement)).all()
    for job, at in stopped:
        data = {"status": "cancelled", "progress": job.progress}
        events.append(session, job, "status", data, at)
    # By owner, so that two that stop jobs of the same ones never wait for each other in a ring.
    for job, at in sorted(stopped, key=lambda row: row[0].owner):
        await quotas.spend(session, job, at)
    return [job for job, _ in stopped]


async def counts(database: Database) -> dict[str, int]:
    """How many jobs are queued and in progress."""
    query = select(Job.status, func.count()).where(Job.status.in_(ACTIVE)).group_by(Job.status)
    async with database.read() as session:
        found = {status: count for status, count in await session.execute(query)}
    return {status: found.get(status, 0) for status in ACTIVE}


async def kept(database: Database) -> dict[str, int]:
    """How many jobs that are over are kept, by status. It reads an entry of an index for each."""
    query = select(Job.status, func.count()).where(Job.status.in_(OVER)).group_by(Job.status)
    async with database.read() as session:
        found = {status: count for status, count in await session.execute(query)}
    return {status: found.get(status, 0) for status in OVER}


async def queue_seconds(database: Database) -> float:
    """How long the oldest queued job has waited, by the database's clock; 0 without one."""
    query = select(now() - func.min(Job.created_at)).where(Job.status == "queued")
    async with database.read() as session:
        return max(0.0, await session.scalar(query) or 0.0)


async def queue_position(database: Database, job: Job) -> int:
    """1 for the job that is started next."""
    earlier = or_(
        Job.created_at < job.created_at, and_(Job.created_at == job.created_at, Job.id < job.id)
    )
    query = select(func.count()).where(Job.status == "queued", earlier)
    async with database.read() as session:
        return 1 + (await session.scalar(query) or 0)
