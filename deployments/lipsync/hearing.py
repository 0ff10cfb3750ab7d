"""What the lip sync hears: a mel spectrum on an absolute grid, levelled by the second before.

Everything about hop h depends only on the sound between LEVEL_HOPS + 2 hops before it and 5 ms
after it, so that a track may be cut into windows anywhere.
"""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from media.sound import Sound
from media.timegrid import HEARING_RATE

HOP: Final = 160
"""Samples from one spectrum to the next: 100 a second at 16 kHz."""
HOPS_A_SECOND: Final = HEARING_RATE // HOP
BANDS: Final = 40
CHANNELS: Final = BANDS + 1
"""The bands, and the level that they were measured against."""
LEVEL_HOPS: Final = 68
"""Spectra over which the loudest moment is sought."""

_WINDOW, _AHEAD, _FFT = 400, 80, 512
_LOWEST, _HIGHEST = 70.0, 7600.0
_FLOOR_DB, _QUIETEST_DB = -100.0, -62.0
_RANGE_DB = 60.0

Array = NDArray[np.float32]


def spectra(sound: Sound, first: int, stop: int) -> tuple[Array, Array, Array]:
    """Features of hops [first, stop) of a 16 kHz track, and two loudness tracks.

    Returns:
        features: (stop - first, CHANNELS), about -1 to 1.5.
        level: (stop - first,) dBFS, the loudest 30 ms of the last LEVEL_HOPS hops.
        power: (stop - first,) dBFS of each 25 ms.
    """
    if sound.rate != HEARING_RATE:
        raise ValueError(f"hears {HEARING_RATE} Hz, not {sound.rate}")
    before = LEVEL_HOPS + 2
    early = first - before
    heard = sound.window(early * HOP - _WINDOW + _AHEAD, (stop - 1) * HOP + _AHEAD)
    frames = np.lib.stride_tricks.sliding_window_view(heard.samples, _WINDOW)[::HOP]
    shaped = frames * _hann()
    energy = np.einsum("ij,ij->i", shaped, shaped) / _hann_power()
    power = np.maximum(10.0 * np.log10(energy + 1e-12), _FLOOR_DB).astype(np.float32)
    level = _level(power)
    spectrum = fft.rfft(shaped[before:], _FFT, axis=1)
    strength = spectrum.real**2 + spectrum.imag**2
    bands = 10.0 * np.log10(strength @ _mel() / (_hann_power() * _FFT / 2) + 1e-12)
    features = np.empty((stop - first, CHANNELS), np.float32)
    below = np.maximum(bands - level[:, None], -_RANGE_DB)
    features[:, :BANDS] = below / (_RANGE_DB / 2) + 1.0
    features[:, BANDS] = (level + 40.0) / 20.0
    return features, level, power[before:]


def _level(power: Array) -> Array:
    """Loudest moment so far, at least the quietest level that speech is taken from."""
    smooth = (power[2:] + power[1:-1] + power[:-2]) / 3.0
    loudest = np.lib.stride_tricks.sliding_window_view(smooth, LEVEL_HOPS + 1).max(axis=1)
    level: Array = np.maximum(loudest, np.float32(_QUIETEST_DB))
    return level


@lru_cache(maxsize=1)
def _hann() -> Array:
    return np.hanning(_WINDOW + 1)[:-1].astype(np.float32)


@lru_cache(maxsize=1)
def _hann_power() -> float:
    return float(np.sum(_hann() ** 2))


@lru_cache(maxsize=1)
def _mel() -> Array:
    """Triangles equally wide in mel (O'Shaughnessy 1987): (FFT bins, BANDS)."""

    def to_mel(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
        return 2595.0 * np.log10(1.0 + hertz / 700.0)

    lowest, highest = to_mel(np.array([_LOWEST, _HIGHEST])).tolist()
    edges = np.linspace(lowest, highest, BANDS + 2)
    bins = to_mel(np.linspace(0, HEARING_RATE / 2, _FFT // 2 + 1))[:, None]
    width = edges[1] - edges[0]
    triangles: Array = np.maximum(0.0, 1.0 - np.abs(bins - edges[1:-1]) / width).astype(np.float32)
    return triangles
