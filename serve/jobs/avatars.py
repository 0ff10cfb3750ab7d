"""Records of avatars: of the gallery, uploaded, and painted from words."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from media.errors import AvatarError
from media.face import Portrait
from serve.jobs import paging
from serve.jobs.database import Database, alone, clock
from serve.jobs.idempotency import Note
from serve.jobs.models import Avatar
from serve.jobs.naming import alone_with_portrait
from serve.jobs.paging import Order

GALLERY_OWNER = ""
"""Gallery avatars are everybody's."""


def portrait_facts(portrait: Portrait, content_hash: str) -> dict[str, Any]:
    """The columns that describe a stored portrait."""
    height, width = portrait.rgb.shape[:2]
    return {
        "portrait": content_hash,
        "width": width,
        "height": height,
        "face": portrait.face.summary(),
    }


async def add(database: Database, avatar: Avatar, note: Note | None = None) -> Avatar:
    """Keep a new avatar; its `created_at` is set here, and `note` written with it."""
    async with database.write() as session:
        await alone_with_portrait(session, avatar.portrait)
        avatar.created_at = await clock(session)
        session.add(avatar)
        if note is not None:
            await note(session, avatar.id)
    return avatar


async def put_gallery(database: Database, avatar: Avatar) -> Avatar:
    """Keep a gallery avatar in place of an older one of its id; it keeps its age."""
    async with database.write() as session:
        await alone(session, f"avatar {avatar.id}")
        await alone_with_portrait(session, avatar.portrait)
        avatar.created_at = await clock(session)
        return await session.merge(avatar)


async def fill(
    database: Database, avatar_id: str, portrait: Portrait, content_hash: str, **origin: Any
) -> Avatar:
    """Give an avatar its painted portrait (stored already). Raises AvatarError `unknown_avatar`."""
    async with database.write() as session:
        await alone_with_portrait(session, content_hash)
        avatar = await session.get(Avatar, avatar_id, with_for_update=True)
        if avatar is None:
            raise AvatarError("unknown_avatar", "The avatar was deleted: choose another one.")
        for column, value in portrait_facts(portrait, content_hash).items():
            setattr(avatar, column, value)
        avatar.origin = {**avatar.origin, **origin}
        return avatar


async def find(database: Database, avatar_id: str, owner: str | None = None) -> Avatar | None:
    """The avatar, listed or not, unless it is another owner's."""
    async with database.read() as session:
        avatar = await session.get(Avatar, avatar_id)
    if avatar is not None and (owner is None or avatar.owner in (owner, GALLERY_OWNER)):
        return avatar
    return None


async def page(
    database: Database,
    owner: str,
    *,
    after: str | None = None,
    limit: int = 20,
    order: Order = "desc",
) -> tuple[Sequence[Avatar], bool]:
    """At most `limit` of the owner's own listed avatars by age; and whether more follow.

    Raises AvatarError `invalid_request` where `after` is no avatar of this owner.
    """
    listed = select(Avatar).where(Avatar.listed)
    return await paging.page(
        database, Avatar, listed, owner=owner, after=after, limit=limit, order=order
    )
