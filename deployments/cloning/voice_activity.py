"""Where someone speaks, by level: windows of 30 ms against the loudest and the quietest ones."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, uniform_filter1d

from media.sound import Sound

_WINDOW: Final = 0.03
_LOUD, _QUIET = 95, 5
"""Percentiles of the windows' levels that stand for loud speech and for what is behind it."""
_RANGE_DB: Final = 30.0
"""Speech is at most this far below its loud parts."""
_ABOVE_DB: Final = 6.0
"""Speech is at least this far above what is behind it, where there are pauses at all."""
_NEAR_DB: Final = 12.0
"""What is this near to the loud parts is speech in any case."""
_SMOOTH: Final = 8
"""Windows, one of which tells little: half of them must be speech."""
_PAUSE: Final = 6
"""Windows that a pause is shortened to."""
_SILENCE_DB: Final = -100.0

Levels = NDArray[np.float32]


def levels(sound: Sound) -> Levels:
    """Level of each whole window in dBFS, -100 at least."""
    size = round(_WINDOW * sound.rate)
    blocks = sound.samples[: len(sound.samples) // size * size].reshape(-1, size)
    power = np.square(blocks, dtype=np.float64).mean(axis=1)
    return np.asarray(np.maximum(10 * np.log10(power + 1e-12), _SILENCE_DB), np.float32)


def spoken(windows: Levels) -> NDArray[np.bool_]:
    """The windows that hold speech."""
    if not len(windows):
        return np.zeros(0, bool)
    loud, quiet = np.percentile(windows, [_LOUD, _QUIET])
    threshold = max(loud - _RANGE_DB, min(quiet + _ABOVE_DB, loud - _NEAR_DB))
    speech: NDArray[np.bool_] = (windows > threshold) & (windows > _SILENCE_DB)
    return speech


def speech_of(sound: Sound) -> Sound:
    """The sound without its long pauses; all of it where nothing is speech."""
    windows = levels(sound)
    smooth = uniform_filter1d(spoken(windows).astype(np.float32), _SMOOTH) > 0.5
    kept = binary_dilation(smooth, np.ones(_PAUSE + 1, bool))
    if not kept.any():
        return sound
    size = round(_WINDOW * sound.rate)
    return Sound(sound.samples[: len(kept) * size][np.repeat(kept, size)], sound.rate)
