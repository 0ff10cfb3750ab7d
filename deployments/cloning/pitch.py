"""How high a voice is: the median fundamental frequency of its voiced moments.

The autocorrelation of 40 ms, each lag by the energy of the two parts that it compares (Boersma
1993 says why); the first lag that is nearly as alike as the best counts.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from media.sound import Sound

LOWEST_HZ, HIGHEST_HZ = 60.0, 420.0

_WINDOW, _HOP = 0.04, 0.01
_VOICED: Final = 0.6
"""Autocorrelation from which on a moment is voiced."""
_NEARLY: Final = 0.9
"""Of the best lag's; a period's double is as alike as the period."""


def median_hz(speech: Sound) -> float:
    """Median over voiced moments; nan where there is none."""
    size, hop = round(_WINDOW * speech.rate), round(_HOP * speech.rate)
    if len(speech.samples) < size:
        return float("nan")
    pieces = np.lib.stride_tricks.sliding_window_view(speech.samples, size)[::hop]
    alike = _autocorrelation(pieces - pieces.mean(axis=1, keepdims=True))
    first, last = round(speech.rate / HIGHEST_HZ), round(speech.rate / LOWEST_HZ)
    lags = alike[:, first - 1 : last + 2]
    peaks = (lags[:, 1:-1] >= lags[:, :-2]) & (lags[:, 1:-1] > lags[:, 2:])
    heights = np.where(peaks, lags[:, 1:-1], 0.0)
    best = heights.max(axis=1)
    chosen = np.argmax(heights >= _NEARLY * best[:, None], axis=1) + first
    voiced = best > _VOICED
    return float(np.median(speech.rate / chosen[voiced])) if voiced.any() else float("nan")


def _autocorrelation(pieces: NDArray[np.float32]) -> NDArray[np.float64]:
    """(n, size) to (n, size): 1 at lag 0, and for each other lag -1 to 1."""
    size = pieces.shape[1]
    spectrum = fft.rfft(pieces.astype(np.float64), 2 * size, axis=1)
    products = fft.irfft(np.abs(spectrum) ** 2, axis=1)[:, :size]
    energy = np.cumsum(np.pad(pieces.astype(np.float64) ** 2, ((0, 0), (1, 0))), axis=1)
    head, tail = energy[:, ::-1][:, :size], energy[:, -1:] - energy[:, :size]
    return np.asarray(products / np.sqrt(np.maximum(head * tail, 1e-12)), np.float64)
