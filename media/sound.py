"""Sound on absolute sample positions, and speech with the times of its words."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""Mono samples, full scale at 1.0, shape (n,)."""


@dataclass(frozen=True, slots=True)
class Word:
    """A spoken word and when it is heard, in seconds from the start of its speech."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Phone:
    """A phoneme (misaki's alphabet) and when it is heard, in seconds."""

    symbol: str
    start: float
    end: float


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """A stretch of a track: `samples[0]` is the track's sample number `start`."""

    samples: Samples
    rate: int
    start: int = 0

    @property
    def stop(self) -> int:
        """Number of the first sample after this stretch."""
        return self.start + len(self.samples)

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate

    def window(self, start: int, stop: int) -> "Sound":
        """Samples [start, stop) of the track; what lies outside this stretch is silence."""
        out = np.zeros(max(0, stop - start), np.float32)
        first, last = max(start, self.start), min(stop, self.stop)
        if first < last:
            out[first - start : last - start] = self.samples[first - self.start : last - self.start]
        return Sound(out, self.rate, start)


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """Mono speech with its words' and phonemes' times (seconds from its first sample)."""

    samples: Samples
    rate: int
    words: tuple[Word, ...] = field(default_factory=tuple)
    phones: tuple[Phone, ...] = field(default_factory=tuple)

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate
