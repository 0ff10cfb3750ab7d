"""Records of cloned voices: kept, found, and what the holder of a claim writes about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Text, cast, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from media.errors import AvatarError
from media.voice import ClonedVoice
from serve.jobs import paging
from serve.jobs.database import Database, clock, expiry
from serve.jobs.faults import as_dict
from serve.jobs.idempotency import Note
from serve.jobs.leases import hold_row
from serve.jobs.models import ACTIVE, Job, Voice
from serve.jobs.paging import Order


@dataclass(frozen=True, slots=True)
class Made:
    """A voice whose artifact is stored under `key`; see `deployments.cloning.engine.Cloned`."""

    key: str
    engine: str
    languages: tuple[str, ...]
    gain_db: float
    similarity: float | None
    approximate: bool
    licence: str


async def add(
    database: Database, voice: Voice, *, max_active: int, note: Note | None = None
) -> Voice:
    """Accept a voice to be made; its sample is stored already. `note` is written with it.

    Raises AvatarError `too_many_jobs`.
    """
    async with database.write() as session:
        await require_room(session, max_active)
        voice.created_at = await clock(session)
        voice.status = "in_progress"
        session.add(voice)
        if note is not None:
            await note(session, voice.id)
    return voice


async def require_room(session: AsyncSession, max_active: int) -> None:
    """Raise `too_many_jobs` where so many voices are being made."""
    active = select(func.count()).select_from(Voice).where(Voice.status.in_(ACTIVE))
    if (await session.scalar(active) or 0) >= max_active:
        raise AvatarError(
            "too_many_jobs",
            f"{max_active} voices are being made, the most that are let in: try again later.",
            details={"retry_after": 30},
        )


async def get(database: Database, voice_id: str) -> Voice:
    """One voice, whoever's. Raises AvatarError `not_found`."""
    voice = await find(database, voice_id)
    if voice is None:
        raise not_found()
    return voice


async def find(database: Database, voice_id: str, owner: str | None = None) -> Voice | None:
    """The voice, made or not, unless it is another owner's."""
    async with database.read() as session:
        voice = await session.get(Voice, voice_id)
    return voice if voice is not None and owner in (None, voice.owner) else None


def not_found() -> AvatarError:
    """The error for a voice that is not there, or not the client's own."""
    return AvatarError("not_found", "No voice has this id: list them with GET /v1/voices.")


async def page(
    database: Database,
    owner: str,
    *,
    language: str | None = None,
    after: str | None = None,
    limit: int = 20,
    order: Order = "desc",
) -> tuple[Sequence[Voice], bool]:
    """At most `limit` of the owner's voices by age; and whether more follow.

    With `language` those that speak it: `en` is spoken by `en-US`. Raises AvatarError
    `invalid_request` where `after` is no voice of this owner.
    """
    query = select(Voice)
    if language is not None:
        tags = cast(Voice.languages, Text)  # JSON: each tag stands in quotation marks
        spoken = (f'"{language}"', f'"{language}-')
        query = query.where(or_(*(tags.icontains(part, autoescape=True) for part in spoken)))
    return await paging.page(
        database, Voice, query, owner=owner, after=after, limit=limit, order=order
    )


def as_cloned(voice: Voice) -> ClonedVoice:
    """The voice as calls carry it.

    Raises AvatarError `not_finished` for one that is still made, `unknown_voice` for one that
    could not be.
    """
    if voice.status in ACTIVE:
        raise AvatarError(
            "not_finished",
            f"This voice is still being made ({voice.progress} %): use it once "
            f"GET /v1/voices/{voice.id} says completed.",
            param="voice",
        )
    if voice.key is None or voice.engine is None or voice.licence is None:
        raise AvatarError(
            "unknown_voice",
            "This voice could not be made: GET /v1/voices says why, choose another one.",
            param="voice",
        )
    return ClonedVoice(
        id=voice.id,
        key=voice.key,
        engine=voice.engine,
        languages=tuple(voice.languages),
        gain_db=voice.gain_db or 0.0,
        licence=voice.licence,
        name=voice.name,
    )


async def require_used(session: AsyncSession, request: Mapping[str, Any]) -> None:
    """Hold the cloned voice that a job's request names until the transaction ends.

    So it is not removed before the job that needs it is there. Raises AvatarError
    `unknown_voice` where it is gone.
    """
    if request.get("cloned") is None:
        return
    voice = await session.get(Voice, request["voice"], with_for_update={"read": True})
    if voice is None:
        raise AvatarError("unknown_voice", "The voice was deleted: choose another.", param="voice")


async def used_by(session: AsyncSession, voice_id: str) -> bool:
    """Whether a video is being made, or waits to be, in which the voice speaks."""
    using = (
        select(Job.id)
        .where(Job.status.in_(ACTIVE), Job.request["voice"].as_string() == voice_id)
        .limit(1)
    )
    return await session.scalar(using) is not None


async def report(database: Database, voice_id: str, fence: int, progress: int) -> None:
    """Note how far the making is, in percent; it never falls. Raises LeaseLost."""
    async with database.write() as session:
        voice, _ = await hold_row(session, Voice, voice_id, fence)
        voice.progress = max(voice.progress, min(progress, 99))  # 100 is said by `complete`


async def complete(database: Database, voice_id: str, fence: int, made: Made) -> None:
    """The voice is made; its sample is named no more. Raises LeaseLost."""
    async with database.write() as session:
        voice, at = await hold_row(session, Voice, voice_id, fence)
        voice.key, voice.engine, voice.languages = made.key, made.engine, list(made.languages)
        voice.gain_db, voice.licence = made.gain_db, made.licence
        voice.similarity, voice.approximate = made.similarity, made.approximate
        voice.progress = 100
        _close(voice, at, "completed")


async def fail(database: Database, voice_id: str, fence: int, error: AvatarError) -> None:
    """End the making with the reason, as the client will read it. Raises LeaseLost."""
    async with database.write() as session:
        voice, at = await hold_row(session, Voice, voice_id, fence)
        voice.error = as_dict(error)
        voice.expires_at = expiry(session, at)
        _close(voice, at, "failed")


def _close(voice: Voice, at: float, status: str) -> None:
    voice.status = status
    voice.completed_at = at
    voice.lease_until = None
    voice.sample = None
