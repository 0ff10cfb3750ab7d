"""Removing jobs and avatars with every byte that belongs to them."""

from collections.abc import Iterable

from sqlalchemy import delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from media.errors import AvatarError
from serve.jobs import records
from serve.jobs.database import Database
from serve.jobs.models import ACTIVE, Avatar, Job
from serve.storage import keys
from serve.storage.artifacts import Artifacts


async def remove_job(
    database: Database, artifacts: Artifacts, job_id: str, owner: str | None = None
) -> None:
    """Cancel the job if it runs, then remove it, its upload and its unlisted avatar.

    The record goes after the artifacts, so that a removal cut short can be asked for again.
    Raises AvatarError `not_found`.
    """
    job = await records.cancel(database, job_id, owner)
    await artifacts.delete_prefix(keys.job(job.id))
    recording = job.request.get("audio")
    if recording is not None:
        await artifacts.delete(recording["key"])
    async with database.write() as session:
        avatar = await session.get(Avatar, job.avatar_id)
        job = await session.get(Job, job.id) or job  # the portrait may have come meanwhile
        await session.execute(delete(Job).where(Job.id == job.id))
        portraits = {job.portrait}
        goes = avatar is not None and not avatar.listed and not await _in_use(session, avatar.id)
        if goes and avatar is not None:
            portraits.add(avatar.portrait)
            await session.execute(delete(Avatar).where(Avatar.id == avatar.id))
        unused = await _unused(session, portraits)
    if goes:
        await artifacts.delete_prefix(keys.avatar(job.avatar_id))
    for name in unused:
        await artifacts.delete(keys.portrait(name))


async def remove_avatar(database: Database, artifacts: Artifacts, avatar: Avatar) -> None:
    """Remove an avatar and its pictures. Raises `not_finished` while a video is made of it."""
    async with database.write() as session:
        using = select(func.count()).where(Job.avatar_id == avatar.id, Job.status.in_(ACTIVE))
        if await session.scalar(using):
            raise AvatarError(
                "not_finished",
                "A video is being made of this avatar: wait for it or cancel it, then try again.",
            )
        await session.execute(delete(Avatar).where(Avatar.id == avatar.id))
        unused = await _unused(session, {avatar.portrait})
    await artifacts.delete_prefix(keys.avatar(avatar.id))
    for name in unused:
        await artifacts.delete(keys.portrait(name))


async def remove_leftovers(database: Database, artifacts: Artifacts, job_id: str) -> None:
    """Remove what was still written for a job after its record was deleted.

    For a director that lost its claim: an artifact on its way while the job was removed would
    otherwise stay for ever.
    """
    async with database.read() as session:
        gone = await session.get(Job, job_id) is None
    if gone:
        await artifacts.delete_prefix(keys.job(job_id))


async def drop_portrait(database: Database, artifacts: Artifacts, content_hash: str) -> None:
    """Remove a stored portrait unless an avatar or a job names it."""
    async with database.read() as session:
        unused = await _unused(session, {content_hash})
    for name in unused:
        await artifacts.delete(keys.portrait(name))


async def _in_use(session: AsyncSession, avatar_id: str) -> bool:
    return bool(await session.scalar(select(func.count()).where(Job.avatar_id == avatar_id)))


async def _unused(session: AsyncSession, portraits: Iterable[str | None]) -> list[str]:
    """Those portraits that no avatar and no job names: they may be shared, being named by hash."""
    unused = []
    for name in filter(None, portraits):
        named = or_(
            select(Avatar.id).where(Avatar.portrait == name).exists(),
            select(Job.id).where(Job.portrait == name).exists(),
        )
        if not await session.scalar(select(named)):
            unused.append(name)
    return unused
