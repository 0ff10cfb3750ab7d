"""Sound at another sample rate, by polyphase filters."""

from math import gcd
from typing import Final

import numpy as np

from media.sound import Samples, Sound
from media.timegrid import HEARING_RATE, SOUND_RATE

HALF_TAPS: Final = 32
"""Half the filter's length, in samples of the lower of the two rates."""

EDGE: Final = HALF_TAPS
"""Samples at either end of a resampled stretch that depend on what lies outside it."""

STEP: Final = SOUND_RATE // HEARING_RATE
"""Samples of the track per sample of hearing."""


def resample(samples: Samples, from_rate: int, to_rate: int) -> Samples:
    """Mono samples at another rate: ceil(n * to_rate / from_rate) of them, in time with the input.

    Flat to 0.9 of the lower rate's half, 75 dB down from 1.1 of it on. What lies outside the
    samples counts as silence.
    """
    if from_rate == to_rate or len(samples) == 0:
        return np.asarray(samples, np.float32)
    # Half a second of imports, which many that import this module never need.
    from scipy.signal import firwin, resample_poly

    common = gcd(from_rate, to_rate)
    up, down = to_rate // common, from_rate // common
    factor = max(up, down)
    # A Kaiser-windowed sinc that cuts at the lower rate's half.
    taps = firwin(2 * HALF_TAPS * factor + 1, 1 / factor, window=("kaiser", 7.5))
    out = resample_poly(  # type: ignore[call-overload]  # its stubs know no window of taps
        np.asarray(samples, np.float32), up, down, window=taps
    )
    return np.asarray(out, np.float32)


def hearing(sound: Sound) -> Sound:
    """What the lip sync hears: a stretch of the 48 kHz track at 16 kHz, on absolute positions.

    Sample k of the result's track lies at sample 3 k of the given one, wherever the stretch starts
    (it need not be at a multiple of 3): the result holds every k with start <= 3 k < stop. So
    stretches that overlap agree, but for the EDGE samples (2 ms) at either end, which hear silence
    where the stretch ends.

    Raises:
        ValueError: The sound's rate is not 48 kHz.
    """
    if sound.rate != SOUND_RATE:
        raise ValueError(f"hearing takes sound at {SOUND_RATE} Hz, not {sound.rate}")
    lead = sound.start % STEP
    aligned = np.concatenate([np.zeros(lead, np.float32), sound.samples]) if lead else sound.samples
    out = resample(aligned, SOUND_RATE, HEARING_RATE)
    return Sound(out[1:] if lead else out, HEARING_RATE, -(-sound.start // STEP))
