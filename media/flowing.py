"""Sound that is loudened and brought to another rate while it still comes."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from media.limiter import REACH, louden
from media.resample import EDGE, resample
from media.sound import Samples, Sound
from media.timegrid import SOUND_RATE

_NOTHING: Final = np.zeros(0, np.float32)


@dataclass(slots=True, eq=False)
class Flowing:
    """48 kHz sound in, piece by piece; out comes what of it no later sound can change.

    All that came out in a row is what the whole would have become in one go, however it was cut.
    It lags by REACH and the resampling filter's half: 25 ms. One user at a time.
    """

    gain_db: float
    rate: int
    """Of what comes out; it divides 48,000."""
    _held: Sound = field(default_factory=lambda: Sound(_NOTHING, SOUND_RATE))
    _given: int = 0
    """Samples of the input whose result is out."""

    def __post_init__(self) -> None:
        if SOUND_RATE % self.rate:
            raise ValueError(f"{self.rate} Hz does not divide {SOUND_RATE} Hz")

    def push(self, samples: Samples) -> Samples:
        """Add sound. Returns what is certain now, often nothing of a short stretch."""
        self._held = Sound(
            np.concatenate([self._held.samples, samples]), SOUND_RATE, self._held.start
        )
        certain = self._held.stop - REACH - self._edge
        return self._until(certain // self._step * self._step)

    def end(self) -> Samples:
        """What is left, once no sound follows."""
        return self._until(self._held.stop)

    def _until(self, stop: int) -> Samples:
        if stop <= self._given:
            return _NOTHING
        loud = louden(self._held, self.gain_db)
        first = max(0, self._given - self._edge)
        around = loud.window(first, min(stop + self._edge, self._held.stop)).samples
        out = resample(around, SOUND_RATE, self.rate)
        begin, end = (self._given - first) // self._step, -(-(stop - first) // self._step)
        self._given = stop
        kept = max(0, stop - self._edge - REACH)
        self._held = self._held.window(kept, self._held.stop)
        return out[begin:end]

    @property
    def _step(self) -> int:
        return SOUND_RATE // self.rate

    @property
    def _edge(self) -> int:
        return EDGE * self._step
