"""What Wav2Lip hears: the mel spectrogram of its paper's code, on an absolute grid of columns.

Column j is centred at sample 200 j of the track, so 80 columns a second; a frame sees 16 of them,
from the one at or before its start. All that lies outside a track is silence.
"""

from fractions import Fraction
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from media.mel import slaney_bands
from media.sound import Samples, Sound
from media.timegrid import HEARING_RATE

Mel = NDArray[np.float32]

BANDS: Final = 80
COLUMNS: Final = 16
"""Columns that a frame sees: 200 ms."""
HOP: Final = 200
"""Samples from one column to the next."""
WINDOW: Final = 800
"""Samples that a column is made of."""
SILENT: Final = -4.0
"""Every band's value in silence."""
REACH: Final = (COLUMNS - 1) * HOP + WINDOW // 2
"""Samples of sound after a frame's start that the frame may see: 212.5 ms."""

_COLUMNS_A_SECOND: Final = HEARING_RATE // HOP
_PRE_EMPHASIS: Final = 0.97
_LOWEST, _HIGHEST = 55.0, 7600.0
_FLOOR: Final = 1e-5
_REFERENCE_DB, _RANGE_DB = 20.0, 100.0
_LARGEST: Final = 4.0


def first_column(frame: int, fps: Fraction) -> int:
    """The first column that a frame sees: floor(frame * 80 / fps)."""
    return (frame * _COLUMNS_A_SECOND * fps.denominator) // fps.numerator


def spectrogram(sound: Sound, first: int, stop: int) -> Mel:
    """Columns [first, stop) of a 16 kHz track: (BANDS, stop - first), -4 to 4."""
    if sound.rate != HEARING_RATE:
        raise ValueError(f"hears {HEARING_RATE} Hz, not {sound.rate}")
    begin = first * HOP - WINDOW // 2
    heard = sound.window(begin - 1, (stop - 1) * HOP + WINDOW // 2).samples
    return _columns(_raised(heard))


def _raised(heard: Samples) -> Samples:
    """Pre-emphasis; one sample less than was heard."""
    return np.asarray(heard[1:] - np.float32(_PRE_EMPHASIS) * heard[:-1], np.float32)


def _columns(raised: Samples) -> Mel:
    """A column for every HOP samples that a whole window of pre-emphasised sound begins at."""
    pieces = np.lib.stride_tricks.sliding_window_view(raised, WINDOW)[::HOP]
    strength = np.abs(fft.rfft(pieces * _hann(), axis=1))
    decibels = 20.0 * np.log10(np.maximum(_FLOOR, strength @ _bands())) - _REFERENCE_DB
    scaled = 2 * _LARGEST * (decibels + _RANGE_DB) / _RANGE_DB - _LARGEST
    return np.ascontiguousarray(np.clip(scaled, -_LARGEST, _LARGEST).T, np.float32)


def windows(sound: Sound, fps: Fraction, start: int, stop: int) -> Mel:
    """What frames [start, stop) see: (frames, BANDS, COLUMNS).

    Depends only on the sound from half a column's window before each frame's first column to REACH
    samples after the frame's start, however the track is cut.
    """
    firsts = [first_column(frame, fps) for frame in range(start, stop)]
    if not firsts:
        return np.zeros((0, BANDS, COLUMNS), np.float32)
    columns = spectrogram(sound, firsts[0], firsts[-1] + COLUMNS)
    return np.stack([columns[:, c - firsts[0] : c - firsts[0] + COLUMNS] for c in firsts])


def track_starts(columns: int, fps: Fraction) -> list[int]:
    """First columns as the published program takes them from a whole track.

    It ends with the last COLUMNS columns and so shows up to 200 ms less than there is to hear; our
    frames go on to the sound's end and see silence after it.
    """
    starts, frame = [], 0
    while (first := first_column(frame, fps)) + COLUMNS <= columns:
        starts.append(first)
        frame += 1
    return [*starts, columns - COLUMNS]


def track_spectrogram(samples: Samples) -> Mel:
    """The spectrogram of a whole track at 16 kHz: (BANDS, 1 + samples // HOP).

    The published program pads what it has pre-emphasised: where a track breaks off in full swing
    its last two columns have no click, as they have when silence follows.
    """
    raised = _raised(np.concatenate([np.zeros(1, np.float32), samples]))
    return _columns(np.pad(raised, WINDOW // 2))


@lru_cache(maxsize=1)
def _hann() -> Mel:
    return np.hanning(WINDOW + 1)[:-1].astype(np.float32)


@lru_cache(maxsize=1)
def _bands() -> Mel:
    return slaney_bands(HEARING_RATE, WINDOW, BANDS, _LOWEST, _HIGHEST)
