"""The shape of a job's `request`: checked parameters, files named by their artifact's key."""

from typing import TypedDict


class Recording(TypedDict):
    """An uploaded recording, decoded to 48 kHz mono (`serve.storage.sounds`)."""

    key: str
    samples: int


class VideoInputs(TypedDict):
    """All that a director needs beside the job's avatar. Speech is `text` or `audio`."""

    text: str | None
    voice: str | None
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
