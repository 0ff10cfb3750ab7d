"""Records of access keys: made, found, listed, revoked."""

from collections.abc import Sequence

from sqlalchemy import select, update

from media.errors import AvatarError
from serve.jobs.database import Database, clock, now
from serve.jobs.models import AccessKey
from serve.jobs.quotas import Quota


async def create(
    database: Database,
    *,
    key_id: str,
    digest: str,
    name: str,
    scope: str,
    owner: str,
    quota: Quota,
    stands: float | None = None,
) -> AccessKey:
    """Keep a new key, good for `stands` seconds from now; None: until it is revoked."""
    async with database.write() as session:
        at = await clock(session)
        key = AccessKey(
            id=key_id,
            digest=digest,
            name=name,
            scope=scope,
            owner=owner,
            seconds_a_day=quota.seconds_a_day,
            active_jobs=quota.active_jobs,
            created_at=at,
            expires_at=None if stands is None else at + stands,
        )
        session.add(key)
    return key


async def find(database: Database, key_id: str) -> AccessKey | None:
    """The key, if it lets anybody in now."""
    query = select(AccessKey).where(
        AccessKey.id == key_id,
        AccessKey.revoked_at.is_(None),
        AccessKey.expires_at.is_(None) | (AccessKey.expires_at > now()),
    )
    async with database.read() as session:
        return await session.scalar(query)


async def everyone(database: Database) -> Sequence[AccessKey]:
    """All keys, the oldest first; those that let nobody in any more, too."""
    query = select(AccessKey).order_by(AccessKey.created_at, AccessKey.id)
    async with database.read() as session:
        return (await session.scalars(query)).all()


async def revoke(database: Database, key_id: str) -> AccessKey:
    """Let nobody in by it from now on; one that was revoked before stays so.

    Raises AvatarError `not_found`.
    """
    statement = (
        update(AccessKey)
        .where(AccessKey.id == key_id, AccessKey.revoked_at.is_(None))
        .values(revoked_at=now())
    )
    async with database.write() as session:
        await session.execute(statement)
        key = await session.get(AccessKey, key_id, populate_existing=True)
        if key is None:
            raise AvatarError(
                "not_found", "No key has this id: `avatar-serve keys list` shows them."
            )
        return key
