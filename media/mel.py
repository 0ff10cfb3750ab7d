"""Mel bands on Slaney's scale, as speech networks that were trained on librosa's spectra take them.

Malcolm Slaney, Auditory Toolbox (1998): linear below 1 kHz, logarithmic above.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

_HERTZ_A_MEL: Final = 200.0 / 3.0
_BREAK_HERTZ: Final = 1000.0
_BREAK_MEL: Final = _BREAK_HERTZ / _HERTZ_A_MEL
_LOG_STEP: Final = float(np.log(6.4)) / 27.0


def slaney_bands(
    rate: int, window: int, bands: int, lowest: float, highest: float
) -> NDArray[np.float32]:
    """Triangles, each of the area that Slaney gives it: shape (window // 2 + 1, bands).

    `rate` is in samples a second, `window` the samples of a spectrum, `lowest` and `highest` the
    ends of the scale in Hz.
    """
    ends = _to_mel(np.array([lowest, highest]))
    edges = _to_hertz(np.linspace(float(ends[0]), float(ends[1]), bands + 2))
    bins = np.fft.rfftfreq(window, 1 / rate)[:, None]
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    rising = (bins - low) / (middle - low)
    falling = (high - bins) / (high - middle)
    triangles = np.maximum(0.0, np.minimum(rising, falling)) * 2.0 / (high - low)
    return np.ascontiguousarray(triangles, np.float32)


def _to_mel(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    high = _BREAK_MEL + np.log(np.maximum(hertz, _BREAK_HERTZ) / _BREAK_HERTZ) / _LOG_STEP
    return np.where(hertz < _BREAK_HERTZ, hertz / _HERTZ_A_MEL, high)


def _to_hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    high = _BREAK_HERTZ * np.exp(_LOG_STEP * (mel - _BREAK_MEL))
    return np.where(mel < _BREAK_MEL, mel * _HERTZ_A_MEL, high)
