"""Accepting a video: examine, store, record, and call a director."""

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from anyio.to_thread import run_sync

from media.face import Portrait
from media.marks import SourceType
from media.voice import ClonedVoice
from serve.access.callers import Caller
from serve.api import examine
from serve.api.allowed import require_allowed
from serve.api.background import nudge
from serve.api.expected import expected_seconds
from serve.api.schemas import VideoRequest
from serve.api.services import Services
from serve.jobs import avatars, records, removal
from serve.jobs.faces import keep_portrait, restore_portrait
from serve.jobs.idempotency import Note
from serve.jobs.inputs import Recording, VideoInputs, cloned_fields
from serve.jobs.models import Avatar, Job
from serve.jobs.outages import RecordsOutOfReach
from serve.marking.claims import source_of
from serve.settings import Settings
from serve.storage import keys
from serve.storage.sounds import save_sound

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NewAvatar:
    """An avatar to keep."""

    portrait: Portrait | None
    """None: it is still to be painted."""
    origin: dict[str, Any] = field(default_factory=dict)
    """The words that it is painted from, with what became of them; empty: it is a picture's."""
    name: str = ""
    listed: bool = False
    consent: str | None = None
    """What was stated of whose photo it is."""


async def accept_video(
    services: Services,
    wanted: VideoRequest,
    caller: Caller,
    *,
    must_follow: bool = False,
    note: Note | None = None,
) -> Job:
    """Examine the inputs and queue the job, or raise what is wrong with them.

    `note` is written in the transaction that queues it.
    A client that leaves before the examination is over leaves nothing behind; after it, the job
    is accepted.
    """
    examine.webhook(services, wanted.webhook_url)
    if wanted.avatar_image is not None:
        examine.photo_consent(services, wanted.consent)
    speech = await examine.speech(services, wanted, caller.owner)
    await _require_allowed(services, wanted, caller.owner, speech.language)
    face = await _face(services, wanted, caller.owner)
    return await services.background.finish(
        _accept(services, wanted, caller, speech, face, must_follow, note)
    )


async def _require_allowed(
    services: Services, wanted: VideoRequest, owner: str, language: str | None
) -> None:
    require = partial(require_allowed, services, owner=owner)
    await require("speech", wanted.text, param="text", language=language)
    await require("captions", wanted.transcript, param="transcript", language=language)
    await require("portrait", wanted.avatar_prompt, param="avatar_prompt")


async def _face(services: Services, wanted: VideoRequest, owner: str) -> Avatar | NewAvatar:
    """Whose face: an avatar that is there, or one to make for this video alone."""
    if wanted.avatar is not None:
        return await examine.known_avatar(services, wanted.avatar, owner)
    if wanted.avatar_image is not None:
        index, upload = wanted.face_index, wanted.avatar_image
        portrait = await examine.picture(services, upload, index, "avatar_image")
        return NewAvatar(portrait, consent=wanted.consent)
    return NewAvatar(None, origin={"prompt": wanted.avatar_prompt, "seed": wanted.seed})


async def _accept(
    services: Services,
    wanted: VideoRequest,
    caller: Caller,
    speech: examine.Speech,
    face: Avatar | NewAvatar,
    must_follow: bool,
    note: Note | None,
) -> Job:
    """Artifacts first, then the record that names them; without a record nothing stays."""
    own = face if isinstance(face, NewAvatar) else None
    async with undone_unless_recorded() as undo:
        recording = await _keep_recording(services, undo, speech)
        if isinstance(face, NewAvatar):
            avatar = await make_avatar(services, undo, caller.owner, face)
        else:
            avatar = face
        new = records.NewJob(
            id=keys.new_id("vid"),
            request=dict(_inputs(services.settings, wanted, speech, recording, avatar)),
            avatar_id=avatar.id,
            owner=caller.owner,
            metadata=wanted.metadata,
            must_follow=must_follow,
            webhook_url=wanted.webhook_url,
            expected_seconds=expected_seconds(wanted, recording),
            consent=wanted.consent,
        )
        job = await records.create(
            services.database,
            new,
            max_active=services.settings.max_active_jobs,
            quota=caller.quota,
            avatar=avatar if own else None,
            note=note,
        )
    if own and own.portrait is not None and avatar.portrait is not None:
        await restore_portrait(services.artifacts, own.portrait, avatar.portrait)
    log.info("accepted as video %s", job.id)
    services.background.start(nudge(services.stages, services.database, job.id))
    return job


@asynccontextmanager
async def undone_unless_recorded() -> AsyncIterator[AsyncExitStack]:
    """Takes note of what to remove again where the block, which ends by a record, fails.

    Where the records went out of reach, the record may be there all the same, and who repeats the
    request under its key will find it: then nothing is removed. What no record names is swept.
    """
    async with AsyncExitStack() as undo:
        try:
            yield undo
        except RecordsOutOfReach:
            undo.pop_all()
            raise
        undo.pop_all()


async def _keep_recording(
    services: Services, undo: AsyncExitStack, speech: examine.Speech
) -> Recording | None:
    if speech.recording is None:
        return None
    key = keys.upload(keys.new_id("snd"))
    undo.push_async_callback(services.artifacts.delete, key)
    await save_sound(services.artifacts, key, speech.recording)
    return {"key": key, "samples": len(speech.recording.samples)}


async def make_avatar(
    services: Services, undo: AsyncExitStack, owner: str, new: NewAvatar
) -> Avatar:
    """Store a new avatar's portrait, if it has one yet; `undo` removes it again.

    The avatar's record is returned and still to be kept.
    """
    portrait = new.portrait
    avatar = Avatar(
        id=keys.new_id("avt"),
        owner=owner,
        kind="prompt" if new.origin else "image",
        listed=new.listed,
        name=new.name,
        origin=new.origin,
        consent=new.consent,
    )
    if portrait is not None:
        expected = await run_sync(portrait.content_hash)
        undo.push_async_callback(services.artifacts.delete_prefix, keys.avatar(avatar.id))
        undo.push_async_callback(
            removal.drop_portrait, services.database, services.artifacts, expected
        )
        source = SourceType.MADE if new.origin else None
        content_hash = await keep_portrait(services.artifacts, avatar.id, portrait, source)
        for column, value in avatars.portrait_facts(portrait, content_hash).items():
            setattr(avatar, column, value)
    return avatar


def _inputs(
    settings: Settings,
    wanted: VideoRequest,
    speech: examine.Speech,
    recording: Recording | None,
    avatar: Avatar,
) -> VideoInputs:
    return {
        "text": wanted.text,
        "voice": speech.voice.id if speech.voice else None,
        "cloned": cloned_fields(speech.voice) if isinstance(speech.voice, ClonedVoice) else None,
        "language": speech.language,
        "speed": wanted.speed,
        "audio": recording,
        "transcript": wanted.transcript,
        "caption_track": wanted.caption_track,
        "avatar_prompt": wanted.avatar_prompt,
        "seed": wanted.seed,
        "size": wanted.size,
        "fps": wanted.fps,
        "life": wanted.life,
        "gain_db": speech.gain_db,
        "label": wanted.label or settings.label_always,
        "source": source_of(avatar.kind, recording=recording is not None).value,
        "spoken_by": speech.voice.engine if speech.voice else None,
    }
