"""The one time grid of a job: frames at a fractional rate over 48 kHz sound."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

SOUND_RATE: Final = 48_000
"""Samples a second of every sound track."""

HEARING_RATE: Final = 16_000
"""Samples a second of what the lip sync hears."""

FRAME_RATES: Final[Mapping[str, Fraction]] = {
    "24": Fraction(24),
    "25": Fraction(25),
    "29.97": Fraction(30000, 1001),
    "30": Fraction(30),
    "50": Fraction(50),
    "60": Fraction(60),
}


@dataclass(frozen=True, slots=True)
class TimeGrid:
    """Maps frames to samples and back without drift, in exact fractions."""

    fps: Fraction

    def sample(self, frame: int, rate: int = SOUND_RATE) -> int:
        """First sample that frame `frame` owns: floor(frame * rate / fps)."""
        return (frame * rate * self.fps.denominator) // self.fps.numerator

    def frames_of(self, samples: int, rate: int = SOUND_RATE) -> int:
        """Frames that cover `samples`: ceil(samples * fps / rate)."""
        return -((-samples * self.fps.numerator) // (rate * self.fps.denominator))

    def frame_at(self, sample: int, rate: int = SOUND_RATE) -> int:
        """The frame nearest to a sample position."""
        return round(Fraction(sample) * self.fps / rate)

    def seconds(self, frame: int) -> float:
        """Start of a frame in seconds."""
        return float(frame / self.fps)


@dataclass(frozen=True, slots=True)
class Segment:
    """Frames [start, stop) of a job's grid: the unit of work, retry, checkpoint and streaming."""

    n: int
    start: int
    stop: int
    last: bool = False

    @property
    def frames(self) -> int:
        """How many frames the segment holds."""
        return self.stop - self.start
