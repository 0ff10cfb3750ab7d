"""The part of a sample that a network can use."""

from typing import Final

import numpy as np

from media.levels import window_levels
from media.loudness import normalise
from media.resample import resample
from media.sound import Sound
from media.transcript import WINDOW, voiced_stretches
from media.voice_sample import VoiceSample

_ROOM: Final = 0.1
"""Seconds kept before the first sound and behind the last."""
_FADE: Final = 0.02


def prepared(sample: Sound, rate: int, seconds: float, language: str) -> VoiceSample:
    """The speech of a 48 kHz sample, at TARGET_LUFS as far as full scale allows, at `rate`.

    Silence at both ends is cut off. Of a sample that is longer than `seconds`, the first part is
    kept, which ends at a pause where there is one in its second half.
    """
    first, last = _bounds(sample, seconds)
    loud, _ = normalise(sample.window(first, last))
    samples = resample(loud.samples, loud.rate, rate)
    ramp = np.linspace(0, 1, min(len(samples), round(_FADE * rate)), dtype=np.float32)
    samples[: len(ramp)] *= ramp
    samples[len(samples) - len(ramp) :] *= ramp[::-1]
    return VoiceSample(samples, rate, language)


def _bounds(sample: Sound, seconds: float) -> tuple[int, int]:
    """First sample kept, and the one behind the last."""
    levels = window_levels(sample, WINDOW)
    stretches = voiced_stretches(levels, sample.seconds)
    start = max(0.0, float(stretches[0, 0]) - _ROOM)
    stop = min(sample.seconds, float(stretches[-1, 1]) + _ROOM)
    latest = start + seconds
    if stop > latest:
        lengths = stretches[1:, 0] - stretches[:-1, 1]
        pauses = stretches[:-1, 1] + np.minimum(_ROOM, lengths / 2)
        fitting = pauses[(pauses <= latest) & (pauses >= start + seconds / 2)]
        stop = float(fitting[-1]) if len(fitting) else latest
    return sample.start + round(start * sample.rate), sample.start + round(stop * sample.rate)
