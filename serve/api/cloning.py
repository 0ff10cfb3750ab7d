"""Accepting a sample: decode, examine, store, record, and call a director."""

from typing import Final

from anyio.to_thread import run_sync

from media.errors import AvatarError
from media.recording import decode_recording
from media.sound import Sound
from serve.api.background import nudge, within
from serve.api.making import undone_unless_recorded
from serve.api.services import Services
from serve.api.uploads import Upload
from serve.api.voice_shapes import VoiceRequest
from serve.jobs import voices
from serve.jobs.idempotency import Note
from serve.jobs.models import Voice
from serve.storage import keys
from serve.storage.sounds import save_sound

SECONDS: Final = (6.0, 60.0)
"""Shortest and longest sample."""
CHECK_SECONDS: Final = 60.0
"""How long the look at a sample may take, the start of its stage included."""

_SLACK: Final = 1.0  # seconds that coders add at the ends of a recording of the longest length


async def accept_voice(
    services: Services, wanted: VoiceRequest, owner: str, note: Note | None = None
) -> Voice:
    """Examine the sample and have a voice made of it, or raise what is wrong.

    A client that leaves before the examination is over leaves nothing behind; after it, the voice
    is accepted. `note` is written in the transaction that records it.
    """
    sample = await _sample(services, wanted.sample)
    checking = services.stages.check_sample(sample, wanted.language)
    await within(CHECK_SECONDS, checking)
    return await services.background.finish(_accept(services, wanted, owner, sample, note))


async def _sample(services: Services, upload: Upload) -> Sound:
    """The sample at 48 kHz. Raises AvatarError."""
    shortest, longest = SECONDS

    def decode() -> Sound:
        return decode_recording(upload.file, max_seconds=longest + _SLACK, param="sample")

    try:
        sound = await run_sync(decode, limiter=services.decoding)
    except AvatarError as error:
        if error.code != "too_large":
            raise
        raise _unfit(f"longer than {longest:g} s") from None
    if sound.seconds < shortest:
        raise _unfit(f"{sound.seconds:.1f} s long")
    return Sound(sound.samples[: int(longest * sound.rate)], sound.rate)


def _unfit(how: str) -> AvatarError:
    return AvatarError(
        "unusable_sample",
        f"The sample is {how}: send {SECONDS[0]:g} to {SECONDS[1]:g} s of one person who speaks.",
        param="sample",
    )


async def _accept(
    services: Services, wanted: VoiceRequest, owner: str, sample: Sound, note: Note | None
) -> Voice:
    """The artifact first, then the record that names it; without a record nothing stays."""
    voice_id = keys.new_id("voice")
    async with undone_unless_recorded() as undo:
        upload = keys.voice_upload(voice_id)
        undo.push_async_callback(services.artifacts.delete_prefix, keys.voice(voice_id))
        await save_sound(services.artifacts, upload, sample)
        voice = Voice(
            id=voice_id,
            owner=owner,
            name=wanted.name,
            language=wanted.language,
            languages=[wanted.language],
            consent=wanted.consent,
            meta=dict(wanted.metadata),
            sample=upload,
            seconds=sample.seconds,
        )
        most = services.settings.max_active_voices
        await voices.add(services.database, voice, max_active=most, note=note)
    services.background.start(nudge(services.stages, services.database, voice_id, Voice))
    return voice
