"""A gain and a true-peak limiter behind it: a pure function of the sound within REACH samples.

Peaks are those of ITU-R BS.1770-4, annex 2 (four times oversampled). The limiter knows no past:
its gain is the least that the blocks in reach need, smoothed by a window of fixed length. So any
stretch of a track comes out the same, wherever it was cut from.
"""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter1d

from media.scratch import release
from media.sound import Sound
from media.timegrid import SOUND_RATE

CEILING_DBTP: Final = -3.0
"""Highest true peak before coding. AAC at 96 kbit/s adds 0.1 dB to speech, up to 0.9 in noise, and
up to 1.6 where bursts of white noise touch the ceiling (measured): none passes -1 dBTP."""

BLOCK: Final = SOUND_RATE // 1000
"""Samples that share one value of the gain's curve, on absolute positions."""
SMOOTH: Final = 10
"""Blocks to either side that the gain is smoothed over: it is down when a peak comes, and stays
down from one period of a low voice to the next."""

TAPS: Final = 32
"""Length of the oversampling filter, in samples: one of 12 reads hisses up to 0.7 dB low."""
_OVER: Final = 4
_REST: Final = TAPS // 2
"""Samples beside a block that its true peak depends on."""

BLOCKS_IN_REACH: Final = 2 * SMOOTH + 2
"""Blocks to either side that a block's gain depends on."""
REACH: Final = (BLOCKS_IN_REACH + 1) * BLOCK + _REST
"""Samples to either side that a sample of the result depends on: 23.3 ms."""

Curve = NDArray[np.float64]
"""The gain of each block."""
Levels = NDArray[np.float32]
"""A peak or a power of each block: 7 MB for half an hour."""

_BLOCKS_AT_ONCE: Final = 2000


def louden(sound: Sound, gain_db: float, ceiling_db: float = CEILING_DBTP) -> Sound:
    """The sound with a gain, its true peak at `ceiling_db` dBTP at most.

    What lies outside the sound counts as silence: samples nearer than REACH to an end are those
    of the whole track only where the track ends there.

    Raises:
        ValueError: The sound's rate is not 48 kHz.
    """
    if sound.rate != SOUND_RATE:
        raise ValueError(f"the limiter takes sound at {SOUND_RATE} Hz, not {sound.rate}")
    factor, ceiling = _ratio(gain_db), _ratio(ceiling_db)
    first, last = sound.start // BLOCK, -(-sound.stop // BLOCK)
    peaks = block_peaks(sound, ceiling / factor)
    if not len(peaks) or peaks.max() * factor <= ceiling:
        return Sound(sound.samples * np.float32(factor), sound.rate, sound.start)
    # Straight between the middles of the blocks: either end is low enough for both blocks.
    curve = gain_curve(np.pad(peaks, 1), ceiling / factor)
    middles = (np.arange(first - 1, last + 1) + 0.5) * BLOCK
    at = np.arange(sound.start, sound.stop) + 0.5
    gain = np.interp(at, middles, factor * curve).astype(np.float32)
    return Sound(sound.samples * gain, sound.rate, sound.start)


def gain_curve(peaks: Levels, ceiling: float) -> Curve:
    """The limiter's gain in the middle of each block, at most 1, from the blocks' true peaks."""
    limited = ceiling / np.maximum(peaks.astype(np.float64), ceiling)
    needed = np.pad(limited, SMOOTH, constant_values=1.0)
    # One block more than the smoothing: gains between two middles count in both their blocks.
    lowest = minimum_filter1d(needed, 2 * (SMOOTH + 1) + 1, mode="constant", cval=1.0)
    curve: Curve = np.convolve(lowest, _window(), "valid")
    return curve


def block_peaks(sound: Sound, floor: float = 0.0) -> Levels:
    """Highest absolute value in each block of the track that the sound touches.

    True peaks where they may pass `floor`; elsewhere bounds below it, which cost next to nothing.
    """
    first, last = sound.start // BLOCK, -(-sound.stop // BLOCK)
    found = [np.zeros(0, np.float32)]
    for at in range(first, last, _BLOCKS_AT_ONCE):
        stop = min(at + _BLOCKS_AT_ONCE, last)
        found.append(_block_peaks(sound.window(at * BLOCK - _REST, stop * BLOCK + _REST), floor))
        release(sound.samples)
    return np.concatenate(found)


def true_peak(sound: Sound) -> float:
    """The sound's true peak in dBTP; -inf for silence."""
    highest = float(block_peaks(sound).max(initial=0.0))
    return 20 * float(np.log10(highest)) if highest else -np.inf


def _block_peaks(sound: Sound, floor: float) -> Levels:
    """Of whole blocks with _REST samples more at either end."""
    blocks = np.lib.stride_tricks.sliding_window_view(sound.samples, BLOCK + 2 * _REST)[::BLOCK]
    peaks: Levels = np.abs(blocks).max(axis=1)
    matrix, most = _oversampler()
    loud = np.flatnonzero(peaks * most > floor)
    between = np.abs(blocks[loud] @ matrix).max(axis=1, initial=0.0)
    own = np.abs(blocks[loud, _REST:-_REST]).max(axis=1)
    peaks[loud] = np.maximum(between, own)
    return peaks


@lru_cache(maxsize=1)
def _oversampler() -> tuple[NDArray[np.float32], float]:
    """A block and its surroundings to the values between its samples; how much they may exceed."""
    from scipy.signal import firwin  # half a second, where nothing was limited yet

    taps = firwin(_OVER * TAPS + 1, 1 / _OVER, window=("kaiser", 5.0)) * _OVER
    matrix = np.zeros((BLOCK + 2 * _REST, BLOCK * (_OVER - 1)), np.float32)
    for n in range(BLOCK):
        for phase in range(1, _OVER):
            # out[n + phase / 4] = sum over k of x[k] h[4 (n - k) + phase], h centred on 0.
            for k in range(n - TAPS // 2 + 1, n + TAPS // 2 + 1):
                tap = _OVER * (n - k) + phase + _OVER * TAPS // 2
                matrix[k + _REST, n * (_OVER - 1) + phase - 1] = taps[tap]
    return matrix, float(np.abs(matrix).sum(axis=0).max())


@lru_cache(maxsize=1)
def _window() -> Curve:
    window = np.hanning(2 * SMOOTH + 3)[1:-1]
    share: Curve = window / window.sum()
    return share


def _ratio(decibels: float) -> float:
    return float(10 ** (decibels / 20))
