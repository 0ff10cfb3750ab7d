"""Removing jobs, avatars and voices with every byte that belongs to them."""

from collections.abc import Callable, Iterable

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from media.errors import AvatarError
from serve.jobs import records, voices
from serve.jobs.database import Database
from serve.jobs.models import ACTIVE, Avatar, Job, Leased, Voice
from serve.jobs.naming import alone_with_portrait, is_named
from serve.storage import keys
from serve.storage.artifacts import Artifacts


async def remove_job(
    database: Database,
    artifacts: Artifacts,
    job_id: str,
    owner: str | None = None,
    *,
    stopped: Callable[[], None] = lambda: None,
) -> None:
    """Cancel the job if it runs, then remove it, its upload and its unlisted avatar.

    With its record go its segments, pieces, events and webhook messages. The record goes after the
    artifacts, so that a removal cut short can be asked for again. `stopped` is called where the
    job was not over yet. Raises AvatarError `not_found`.
    """
    job = await records.cancel(database, job_id, owner, stopped=stopped)
    await artifacts.delete_prefix(keys.job(job.id))
    recording = job.request.get("audio")
    if recording is not None:
        await artifacts.delete(recording["key"])
    async with database.write() as session:
        # Held, so that no job is accepted for an avatar that is on its way out.
        avatar = await session.get(Avatar, job.avatar_id, with_for_update=True)
        job = await session.get(Job, job.id) or job  # the portrait may have come meanwhile
        await session.execute(delete(Job).where(Job.id == job.id))
        portraits = {job.portrait}
        goes = avatar is not None and not avatar.listed and not await _in_use(session, avatar.id)
        if goes and avatar is not None:
            portraits.add(avatar.portrait)
            await session.execute(delete(Avatar).where(Avatar.id == avatar.id))
    if goes:
        await artifacts.delete_prefix(keys.avatar(job.avatar_id))
    await drop_portraits(database, artifacts, portraits)
    await database.forget_deleted()


async def remove_avatar(database: Database, artifacts: Artifacts, avatar: Avatar) -> None:
    """Remove an avatar and its pictures. Raises `not_finished` while a video is made of it."""
    async with database.write() as session:
        await session.get(Avatar, avatar.id, with_for_update=True)
        using = select(func.count()).where(Job.avatar_id == avatar.id, Job.status.in_(ACTIVE))
        if await session.scalar(using):
            raise AvatarError(
                "not_finished",
                "A video is being made of this avatar: wait for it or cancel it, then try again.",
            )
        await session.execute(delete(Avatar).where(Avatar.id == avatar.id))
    await artifacts.delete_prefix(keys.avatar(avatar.id))
    await drop_portraits(database, artifacts, {avatar.portrait})
    await database.forget_deleted()


async def remove_voice(database: Database, artifacts: Artifacts, voice_id: str) -> None:
    """Remove a cloned voice, its sample and all it has spoken as one; its making is broken off.

    Raises AvatarError `not_finished` while a video is made in which it speaks.
    """
    async with database.write() as session:
        await session.get(Voice, voice_id, with_for_update=True)
        if await voices.used_by(session, voice_id):
            raise AvatarError(
                "not_finished",
                "A video is being made with this voice: wait for it or cancel it, then try again.",
            )
        await session.execute(delete(Voice).where(Voice.id == voice_id))
    await artifacts.delete_prefix(keys.voice(voice_id))
    await database.forget_deleted()


async def remove_leftovers(
    database: Database, artifacts: Artifacts, row_id: str, table: type[Leased] = Job
) -> None:
    """Remove what was still written for a job or a voice after its record was deleted.

    For a director that lost its claim: an artifact on its way while the record was removed would
    otherwise stay for ever.
    """
    async with database.read() as session:
        gone = await session.get(table, row_id) is None
    if gone:
        prefix = keys.job(row_id) if table is Job else keys.voice(row_id)
        await artifacts.delete_prefix(prefix)


async def drop_portrait(database: Database, artifacts: Artifacts, content_hash: str) -> None:
    """Remove a stored portrait unless an avatar or a job names it."""
    await drop_portraits(database, artifacts, {content_hash})


async def drop_portraits(
    database: Database, artifacts: Artifacts, names: Iterable[str | None]
) -> int:
    """Remove those stored portraits that no avatar and no job names; returns how many.

    They may be shared, being named by their content. Each goes while nobody can come to name it:
    who names it afterwards finds it missing, and stores it again.
    """
    dropped = 0
    for name in filter(None, names):
        async with database.write() as session:
            await alone_with_portrait(session, name)
            if not await is_named(session, name):
                await artifacts.delete(keys.portrait(name))
                dropped += 1
    return dropped


async def _in_use(session: AsyncSession, avatar_id: str) -> bool:
    return bool(await session.scalar(select(func.count()).where(Job.avatar_id == avatar_id)))
