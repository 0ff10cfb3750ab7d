"""Whether somebody speaks: in silence the mouth is shut, whatever the network would paint."""

from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from deployments.lipsync.mouth import MouthReader
from media.sound import Sound

RATE: Final = 100
"""Moments a second that are listened to, on an absolute grid."""
BEFORE, AFTER = 3, 9
"""Moments that a frame hears: as many as the sound that it may hear lets the reader hear."""
HELD: Final = 6
"""Moments over which speech goes on where it pauses, as for a p."""
HEARD: Final = (0.02, 0.2)
"""Loudness (0 to 1) up to which nobody speaks, and from which somebody surely does."""


def speaking(
    reader: MouthReader, sound: Sound, fps: Fraction, start: int, stop: int
) -> NDArray[np.float32]:
    """(frames,): 0 where nobody speaks, 1 where somebody does; the change takes 70 ms.

    A function of the sound from a second before a frame to 200 ms after its start.
    """
    if stop <= start:
        return np.zeros(0, np.float32)
    firsts = [-((-n * RATE * fps.denominator) // fps.numerator) for n in range(start, stop)]
    moments = np.arange(firsts[0] - BEFORE, firsts[-1] + AFTER)
    voice = _ease(reader.curves(sound, moments / RATE).loudness, *HEARD)
    held = np.lib.stride_tricks.sliding_window_view(voice, HELD).max(axis=1)
    around = np.lib.stride_tricks.sliding_window_view(held, BEFORE + AFTER + 1 - HELD)
    shares = _ease(around.mean(axis=1), 0, 1)
    return np.asarray(shares[np.array(firsts) - firsts[0]], np.float32)


def _ease(x: NDArray[np.float32], low: float, high: float) -> NDArray[np.float32]:
    t = np.clip((x - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)
