"""Looks at what a request brings before anything is queued: what cannot succeed is refused now."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from anyio.to_thread import run_sync

from media.errors import AvatarError
from media.face import Portrait
from media.loudness import normalise
from media.picture import decode_picture
from media.recording import decode_recording
from media.sound import Sound
from serve.api import gallery
from serve.api.background import within
from serve.api.schemas import VideoRequest
from serve.api.services import Services
from serve.api.uploads import Upload
from serve.jobs import avatars, records
from serve.jobs.faces import portrait_of
from serve.jobs.models import Avatar
from serve.webhooks.addresses import Allowed, check_url

STAGE_SECONDS: Final = 30.0
"""How long a stage may take to answer a question about an input."""

_NAMED: Final = 8
"""Voices that a sentence names; all stand beside it."""

PICTURE_SIDE: Final = 2048
"""Larger pictures are reduced to this longest side; videos are at most 1920 pixels wide."""


@dataclass(frozen=True, slots=True)
class Speech:
    """What will be heard: a voice that can say the text, or a recording."""

    voice: str | None = None
    language: str | None = None
    """BCP 47; of the words, where it is known."""
    recording: Sound | None = None
    gain_db: float | None = None
    """What is still to be done to it by the limiter's gain; None: it stays as loud as it is."""


def webhook(services: Services, url: str | None) -> None:
    """Check where messages are to go. Raises AvatarError `invalid_request`."""
    settings = services.settings
    if url is None:
        return
    if not settings.webhook_secret.get_secret_value():
        raise AvatarError(
            "invalid_request",
            "This server sends no webhooks: leave webhook_url out, or have its operator set "
            "AVATAR_WEBHOOK_SECRET.",
            param="webhook_url",
        )
    check_url(url, Allowed(http=settings.webhook_http, private=settings.webhook_private))


async def speech(services: Services, wanted: VideoRequest) -> Speech:
    """Check `text` or decode `audio`.

    Raises AvatarError `empty_text`, `text_too_long`, `unknown_voice`, `unreadable_audio`,
    `silent_audio` or `too_large`.
    """
    most = services.settings.max_text_characters
    for name, words in (("text", wanted.text), ("transcript", wanted.transcript)):
        if words is not None and len(words) > most:
            raise AvatarError(
                "text_too_long",
                f"The {name} has {len(words):,} characters: send at most {most:,}.",
                param=name,
            )
    if wanted.audio is not None:
        recording, gain = await _recording(services, wanted.audio, normalised=wanted.normalise)
        return Speech(recording=recording, language=wanted.language, gain_db=gain)
    text = wanted.text or ""
    if not text.strip():
        raise AvatarError("empty_text", "The text is empty: write what to say.", param="text")
    voice = await _voice(services, wanted.voice, wanted.language)
    await within(STAGE_SECONDS, services.stages.check_text(text, voice.id))
    return Speech(
        voice=voice.id,
        language=wanted.language or voice.languages[0],
        gain_db=voice.gain_db if wanted.normalise else None,
    )


async def _recording(
    services: Services, upload: Upload, *, normalised: bool
) -> tuple[Sound, float | None]:
    """The recording as it is to be kept, and the gain that is left for the limiter."""
    seconds = services.settings.max_sound_seconds

    def decode() -> tuple[Sound, float | None]:
        sound = decode_recording(upload.path, max_seconds=seconds, param="audio")
        return normalise(sound) if normalised else (sound, None)

    return await run_sync(decode, limiter=services.decoding)


async def _voice(services: Services, voice: str | None, language: str | None) -> Any:
    """The voice asked for, or the first that speaks the language."""
    voices = await within(STAGE_SECONDS, services.stages.voices())
    if not voices:
        raise AvatarError("overloaded", "No voice can speak now: try again in a moment.")
    fitting = [v for v in voices if language is None or speaks(v, language)]
    if voice is None:
        if not fitting:
            raise AvatarError(
                "unknown_voice",
                f"No voice speaks {language}: see GET /v1/voices.",
                param="language",
            )
        return fitting[0]
    if all(v.id != voice for v in voices):
        raise unknown_voice(voices)
    for known in fitting:
        if known.id == voice:
            return known
    raise AvatarError(
        "invalid_request",
        "The voice does not speak this language: leave one of them out.",
        param="language",
    )


def unknown_voice(voices: Sequence[Any]) -> AvatarError:
    """The error for a voice that is not among those there are; it tells which are."""
    names = [voice.id for voice in voices]
    more = f", or one of {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return AvatarError(
        "unknown_voice",
        f"No voice has this id: choose {', '.join(names[:_NAMED])}{more} (GET /v1/voices).",
        param="voice",
        details={"voices": names},
    )


def speaks(voice: Any, language: str) -> bool:
    """Whether a voice does: `en` is spoken by voices of `en-US`, not the other way round."""
    wanted = language.lower()
    tags = (tag.lower() for tag in voice.languages)
    return any(tag == wanted or tag.startswith(f"{wanted}-") for tag in tags)


async def picture(services: Services, upload: Upload, index: int | None, param: str) -> Portrait:
    """Decode an uploaded picture and choose its face.

    Raises AvatarError `unreadable_image`, `too_large`, `no_face`, `many_faces`,
    `face_too_small`, `mouth_covered`, or `invalid_request` for a face that is not there.
    """
    most = services.settings.max_picture_pixels

    def decode() -> Any:
        return decode_picture(upload.path, max_pixels=most, max_side=PICTURE_SIDE, param=param)

    pixels = await run_sync(decode, limiter=services.decoding)
    return await within(STAGE_SECONDS, portrait_of(services.stages, pixels, index, param=param))


async def known_avatar(services: Services, avatar_id: str, owner: str) -> Avatar:
    """The avatar, one of the gallery's made ready. Raises AvatarError `unknown_avatar`."""
    if avatar_id in services.gallery:
        chosen = services.gallery[avatar_id]
        preparing = gallery.prepare(services.database, services.artifacts, services.stages, chosen)
        return await within(STAGE_SECONDS, preparing)
    avatar = await avatars.find(services.database, avatar_id, owner)
    if avatar is None or avatar.kind == "gallery":  # one that has left the gallery
        raise records.unknown_avatar()
    return avatar
