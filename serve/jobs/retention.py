"""What has had its time goes: jobs, failed voices, idempotency keys, usage, unnamed artifacts.

Several processes may sweep at once, beside any request: each removal checks again what it goes by.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import PurePosixPath
from typing import Final

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from media.errors import AvatarError
from serve.jobs import naming, quotas, removal
from serve.jobs.database import Database, clock, now
from serve.jobs.models import ACTIVE, IdempotencyKey, Job, Usage, Voice
from serve.storage.artifacts import Artifacts

_AT_ONCE: Final = 100


async def expire_jobs(database: Database, artifacts: Artifacts, keep_seconds: float) -> int:
    """Remove jobs whose `expires_at` is past, with every byte of theirs. Returns how many.

    A job that ended without one, under an older release or while results were kept for ever, has
    its time from now on. With `keep_seconds` 0 only jobs go that were given a time before.
    """
    if keep_seconds:
        endless = update(Job).where(Job.status.not_in(ACTIVE), Job.expires_at.is_(None))
        async with database.write() as session:
            await session.execute(endless.values(expires_at=now() + keep_seconds))
    over = select(Job.id).where(Job.expires_at < now(), Job.status.not_in(ACTIVE)).limit(_AT_ONCE)
    removed = 0
    while True:
        async with database.read() as session:
            expired = (await session.scalars(over)).all()
        if not expired:
            return removed
        for job_id in expired:
            removed += await _removed(database, artifacts, job_id)


async def _removed(database: Database, artifacts: Artifacts, job_id: str) -> bool:
    try:
        await removal.remove_job(database, artifacts, job_id)
    except AvatarError as error:
        if error.code != "not_found":
            raise
        return False  # another was faster
    return True


async def expire_voices(database: Database, artifacts: Artifacts) -> int:
    """Remove voices whose `expires_at` is past: those that could not be made. Returns how many."""
    over = select(Voice.id).where(Voice.expires_at < now()).limit(_AT_ONCE)
    async with database.read() as session:
        expired = (await session.scalars(over)).all()
    for voice_id in expired:
        await removal.remove_voice(database, artifacts, voice_id)
    return len(expired)


async def expire_keys(database: Database, keep_seconds: float) -> int:
    """Forget idempotency keys that no longer stand for anything. Returns how many."""
    old = delete(IdempotencyKey).where(
        IdempotencyKey.created_at < now() - keep_seconds,
        or_(IdempotencyKey.held_until.is_(None), IdempotencyKey.held_until < now()),
    )
    async with database.write() as session:
        found = await session.scalars(old.returning(IdempotencyKey.key))
        return len(found.all())


async def expire_usage(database: Database, keep_days: int) -> int:
    """Forget how much owners had made on days before so many. Returns how many counts went."""
    async with database.write() as session:
        first = quotas.day_of(await clock(session)) - keep_days
        found = await session.scalars(delete(Usage).where(Usage.day < first).returning(Usage.owner))
        return len(found.all())


async def collect(database: Database, artifacts: Artifacts, keep_seconds: float) -> int:
    """Remove artifacts that no record names and that are older than that. Returns how many.

    An artifact is written before the record that names it: `keep_seconds` is longer than that
    takes. What belongs to a job that is not over stays, whoever names it.
    """
    before = time.time() - keep_seconds
    removed = await artifacts.drop_torn_writes(before)
    for prefix, unnamed in _UNNAMED.items():
        async for some in _older(artifacts, prefix, before):
            async with database.read() as session:
                found = await unnamed(session, some)
            if prefix == "portraits/":
                names = [_name(key) for key in found]
                removed += await removal.drop_portraits(database, artifacts, names)
            else:
                await artifacts.delete_all(found)
                removed += len(found)
    return removed


async def _older(artifacts: Artifacts, prefix: str, before: float) -> AsyncIterator[list[str]]:
    async for some in artifacts.list(prefix):
        if keys := [listed.key for listed in some if listed.written_at < before]:
            yield keys


async def _unnamed_of_jobs(session: AsyncSession, some: Sequence[str]) -> list[str]:
    active, named = await naming.named_of_jobs(session, {_owner(key) for key in some})
    return [key for key in some if _owner(key) not in active and key not in named]


async def _unnamed_uploads(session: AsyncSession, some: Sequence[str]) -> list[str]:
    named = await naming.named_uploads(session, some)
    return [key for key in some if key not in named]


async def _unnamed_of_avatars(session: AsyncSession, some: Sequence[str]) -> list[str]:
    known = await naming.known_avatars(session, {_owner(key) for key in some})
    return [key for key in some if _owner(key) not in known]


async def _unnamed_of_voices(session: AsyncSession, some: Sequence[str]) -> list[str]:
    """Stock voices' samples lie beside the cloned voices' folders, and stay."""
    owned = [key for key in some if key.count("/") > 1]
    ids = {_owner(key) for key in owned}
    active, named = await naming.named_of_voices(session, ids)
    speaking = {_owner(key) for key in named}  # what they have spoken goes with them
    return [
        key
        for key in owned
        if key not in named
        and _owner(key) not in active
        and not (key.endswith(".mp3") and _owner(key) in speaking)
    ]


async def _unnamed_portraits(session: AsyncSession, some: Sequence[str]) -> list[str]:
    named = await naming.named_portraits(session, {_name(key) for key in some})
    return [key for key in some if _name(key) not in named]


async def _images(session: AsyncSession, some: Sequence[str]) -> list[str]:
    """No record names them: they are there to be fetched for a while."""
    return list(some)


_UNNAMED: Final[dict[str, Callable[[AsyncSession, Sequence[str]], Awaitable[list[str]]]]] = {
    "jobs/": _unnamed_of_jobs,
    "uploads/": _unnamed_uploads,
    "avatars/": _unnamed_of_avatars,
    "voices/": _unnamed_of_voices,
    "portraits/": _unnamed_portraits,
    "images/": _images,
}
"""Which of some keys below a prefix no record names."""


def _owner(key: str) -> str:
    """Id of the job, avatar or voice that a key belongs to."""
    return key.split("/")[1]


def _name(key: str) -> str:
    return PurePosixPath(key).stem
