"""Looks at what a request brings before anything is queued: what cannot succeed is refused now."""

from dataclasses import dataclass
from typing import Final

from anyio.to_thread import run_sync

from media.errors import AvatarError
from media.face import Picture, Portrait
from media.picture import decode_picture
from media.recording import decode_recording
from media.sound import Sound
from media.voice import ClonedVoice, Voice
from serve.api import gallery, speakers
from serve.api.background import STAGE_SECONDS, within
from serve.api.schemas import VideoRequest
from serve.api.services import Services
from serve.api.uploads import Upload
from serve.jobs import avatars, records
from serve.jobs.faces import portrait_of
from serve.jobs.models import Avatar
from serve.webhooks.addresses import Allowed, check_url

PICTURE_SIDE: Final = 2048
"""Larger pictures are reduced to this longest side; videos are at most 1920 pixels wide."""


@dataclass(frozen=True, slots=True)
class Speech:
    """What will be heard: a voice that can say the text, or a recording."""

    voice: Voice | ClonedVoice | None = None
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


async def speech(services: Services, wanted: VideoRequest, owner: str) -> Speech:
    """Check `text` or decode `audio`.

    Raises AvatarError `empty_text`, `text_too_long`, `unknown_voice`, `not_finished` (a voice that
    is still made), `unreadable_audio`, `silent_audio` or `too_large`.
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
    voice = await speakers.choose(services, owner, wanted.voice, wanted.language)
    await within(STAGE_SECONDS, services.stages.check_text(text, speakers.called(voice)))
    return Speech(
        voice=voice,
        language=wanted.language or voice.languages[0],
        gain_db=voice.gain_db if wanted.normalise else None,
    )


async def _recording(
    services: Services, upload: Upload, *, normalised: bool
) -> tuple[Sound, float | None]:
    """The recording as it is to be kept, and the gain that is left for the limiter."""
    seconds = services.settings.max_sound_seconds

    def decode() -> tuple[Sound, float | None]:
        # Half a second of imports, which most servers' ingress never needs; here in a thread.
        from media.loudness import normalise

        sound = decode_recording(upload.file, max_seconds=seconds, param="audio")
        return normalise(sound) if normalised else (sound, None)

    return await run_sync(decode, limiter=services.decoding)


async def picture(services: Services, upload: Upload, index: int | None, param: str) -> Portrait:
    """Decode an uploaded picture and choose its face.

    Raises AvatarError `unreadable_image`, `too_large`, `unsafe_image`, `no_face`, `many_faces`,
    `face_too_small`, `mouth_covered`, or `invalid_request` for a face that is not there.
    """
    pixels = await decoded(services, upload, param)
    return await within(STAGE_SECONDS, portrait_of(services.stages, pixels, index, param=param))


async def decoded(services: Services, upload: Upload, param: str) -> Picture:
    """An uploaded picture's pixels, at most PICTURE_SIDE long.

    Raises AvatarError `unreadable_image` or `too_large`.
    """
    most = services.settings.max_picture_pixels

    def decode() -> Picture:
        return decode_picture(upload.file, max_pixels=most, max_side=PICTURE_SIDE, param=param)

    return await run_sync(decode, limiter=services.decoding)


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


def photo_consent(services: Services, given: str | None) -> None:
    """Raise AvatarError `invalid_request` where a statement is demanded and none was given."""
    if services.settings.photo_consent and given is None:
        raise AvatarError(
            "invalid_request",
            "This server takes a photo only with the consent of the person in it: send `consent`, "
            "a sentence that says who it is and that they agree.",
            param="consent",
        )
