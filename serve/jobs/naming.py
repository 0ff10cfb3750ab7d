"""Which artifacts the records name.

A portrait lies under its content's hash and may be named by many. It is removed, and named, only
by a transaction that is alone with it: so who names it can tell afterwards whether it is there.
"""

from collections.abc import Collection

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from serve.jobs.database import alone
from serve.jobs.models import ACTIVE, Avatar, Job, Piece, Segment, Voice


async def alone_with_portrait(session: AsyncSession, name: str | None) -> None:
    """Hold off every other transaction that is about to name or remove the portrait."""
    if name is not None:
        await alone(session, f"portrait {name}")


async def is_named(session: AsyncSession, portrait: str) -> bool:
    """True where an avatar or a job names the portrait."""
    named = or_(
        select(Avatar.id).where(Avatar.portrait == portrait).exists(),
        select(Job.id).where(Job.portrait == portrait).exists(),
    )
    return bool(await session.scalar(select(named)))


async def named_portraits(session: AsyncSession, names: Collection[str]) -> set[str]:
    """Those of the content hashes that an avatar or a job names."""
    by_avatars = await session.scalars(select(Avatar.portrait).where(Avatar.portrait.in_(names)))
    by_jobs = await session.scalars(select(Job.portrait).where(Job.portrait.in_(names)))
    return {name for name in (*by_avatars, *by_jobs) if name is not None}


async def known_avatars(session: AsyncSession, ids: Collection[str]) -> set[str]:
    """Those of the ids that avatars have."""
    return set(await session.scalars(select(Avatar.id).where(Avatar.id.in_(ids))))


async def named_of_voices(session: AsyncSession, ids: Collection[str]) -> tuple[set[str], set[str]]:
    """Of voices with these ids: those that are not made yet, and what the others name."""
    query = select(Voice.id, Voice.status, Voice.key).where(Voice.id.in_(ids))
    voices = (await session.execute(query)).all()
    active = {voice_id for voice_id, status, _ in voices if status in ACTIVE}
    return active, {key for _, _, key in voices if key is not None}


async def named_uploads(session: AsyncSession, uploads: Collection[str]) -> set[str]:
    """Those of the keys under which a job's recording lies."""
    key = Job.request["audio"]["key"].as_string()
    return {found for found in await session.scalars(select(key).where(key.in_(uploads))) if found}


async def named_of_jobs(session: AsyncSession, ids: Collection[str]) -> tuple[set[str], set[str]]:
    """Of jobs with these ids: those that are not over yet, and the keys that the others name."""
    jobs = (
        await session.execute(select(Job.id, Job.status, Job.result).where(Job.id.in_(ids)))
    ).all()
    active = {job_id for job_id, status, _ in jobs if status in ACTIVE}
    over = {job_id for job_id, status, _ in jobs if status not in ACTIVE}
    named = {
        file["key"] for _, _, result in jobs for file in (result or {}).get("files", {}).values()
    }
    for table in (Segment, Piece):
        named |= set(await session.scalars(select(table.key).where(table.job_id.in_(over))))
    return active, named
