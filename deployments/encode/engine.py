"""What every encode engine takes and gives."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import ClassVar, Protocol, Self, TypeVar

from media.face import Portrait
from media.patch import Frame
from media.sound import Sound

Canvas = TypeVar("Canvas")


@dataclass(frozen=True, slots=True, eq=False)
class SegmentTask:
    """One segment to paint and encode."""

    portrait: str
    """Content hash of the portrait."""
    fps: Fraction
    start: int
    stop: int
    last: bool
    sound: Sound
    """48 kHz, from SOUND_BEFORE before the first frame to SOUND_AFTER past the last one's end."""
    seed: int = 0
    life: bool = False
    urgency: int = 0
    """The segment's number: of those that wait, the first ones of their jobs go first."""
    gain_db: float | None = None
    """What brings the sound to speech level, the limiter behind it; None: it stays as it is."""
    fence: int = 0
    """Of the claim that asks: work done twice is known by it, and nothing else comes of it."""
    label: bool = False
    """Whether the pictures say that AI made them (`media.label`)."""


@dataclass(frozen=True, slots=True, eq=False)
class EncodedSegment:
    """A segment's bytes and what they cost."""

    data: bytes
    """Init and fragment, see media/fragments.py."""
    lipsync_ms: float
    """Time inside the lip sync engine."""
    encode_ms: float
    """Time of the encoder, without waiting for patches."""


SOUND_BEFORE = 1.2
"""Seconds of sound before its first frame that a segment needs (lip sync's look-back, AAC's
pre-roll, the limiter's reach)."""

SOUND_AFTER = 0.2
"""Seconds of sound past its last frame that a segment needs (look-ahead, AAC's overlap, the
limiter's reach)."""


class EncodeEngine(Protocol[Canvas]):
    """Pastes patches on the portrait and encodes picture and sound. Thread-safe."""

    weights: ClassVar[Sequence[str]]

    @classmethod
    def load(cls, files: Mapping[str, Path], *, threads: int, **options: object) -> Self:
        """Make the engine ready; most encoders load no weights."""

    def about(self) -> Mapping[str, str]:
        """What was found out at the start: `encoder`, and `note` where another was hoped for."""

    def prepare(self, portrait: Portrait) -> Canvas:
        """Convert the portrait once."""

    def encode(self, canvas: Canvas, task: SegmentTask, frames: Iterator[Frame]) -> bytes:
        """A closed-GOP fragmented MP4 of the segment, timestamps on the job's grid.

        The init is the same for all segments of a job. What `frames` raises is passed on at once.
        """
