"""The shape of a job's `request`: checked parameters, files named by their artifact's key."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, TypedDict

from media.voice import ClonedVoice, Speaker


class Recording(TypedDict):
    """An uploaded recording, decoded to 48 kHz mono (`serve.storage.sounds`)."""

    key: str
    samples: int


class VideoInputs(TypedDict):
    """All that a director needs beside the job's avatar. Speech is `text` or `audio`."""

    text: str | None
    voice: str | None
    cloned: dict[str, Any] | None
    """What `voice` stands for where it is a cloned one (`ClonedVoice`)."""
    speed: float
    audio: Recording | None
    transcript: str | None
    """What is said in `audio`, for captions."""
    language: str | None
    """Of the words (BCP 47), where it is known."""
    caption_track: bool
    """Captions as a text track of the video as well."""
    avatar_prompt: str | None
    """Set where the job's avatar is still to be painted, with `seed`."""
    seed: int
    size: str
    """WIDTHxHEIGHT, or auto for the portrait's own."""
    fps: str
    """A key of `media.timegrid.FRAME_RATES`."""
    life: bool
    """Blinks and small movements of the head."""
    gain_db: float | None
    """What brings the speech to TARGET_LUFS, the limiter behind it; None: it stays as it is."""
    label: bool
    """Whether the pictures say that AI made them."""
    source: str
    """How the video comes about: a value of `media.marks.SourceType`."""
    spoken_by: str | None
    """The name of the voice's engine."""


def cloned_fields(voice: ClonedVoice) -> dict[str, Any]:
    """What a job's request keeps of a cloned voice, beside its id.

    Not its name: a person's word for it goes when the voice is deleted, the job may outlast that.
    """
    fields = asdict(voice) | {"languages": list(voice.languages)}
    return {name: value for name, value in fields.items() if name not in ("id", "name")}


def speaker_of(request: Mapping[str, Any]) -> Speaker:
    """Who speaks the job's text. Jobs of older releases know stock voices only."""
    cloned, voice_id = request.get("cloned"), str(request["voice"])
    if cloned is None:
        return voice_id
    languages = tuple(cloned["languages"])
    return ClonedVoice(**{**cloned, "languages": languages}, id=voice_id, name="")
