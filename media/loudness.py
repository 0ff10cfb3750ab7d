"""How loud sound is, and one gain that brings it to speech level through the limiter.

Sources: ITU-R BS.1770-4 (K-weighting and gating), EBU Tech 3341; the filters' design for any
sample rate follows from the recommendation's analogue prototypes (Mansbridge et al., AES 2012).
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import sosfilt

from media.levels import chunks
from media.limiter import BLOCK, BLOCKS_IN_REACH, CEILING_DBTP, Levels, block_peaks, gain_curve
from media.scratch import release, room
from media.sound import Samples, Sound
from media.timegrid import SOUND_RATE

TARGET_LUFS: Final = -16.0
"""Usual for spoken word on the web (AES TD1008)."""

MAX_GAIN_DB: Final = 30.0
"""More would lift the noise of a nearly empty recording to the level of speech."""
MAX_DRIVE_DB: Final = 6.0
"""More gain on top, to make up for what the limiter takes, would flatten the sound."""
TRIES: Final = 6

HOP: Final = 0.1
"""Seconds: gating blocks of 0.4 s overlap by three quarters."""
HOP_BLOCKS: Final = round(HOP * SOUND_RATE / BLOCK)
"""The limiter's blocks in a hop."""
HOPS_PER_BLOCK: Final = 4
ABSOLUTE_GATE: Final = -70.0
RELATIVE_GATE: Final = -10.0
OFFSET: Final = -0.691
"""Makes the K-weighting's gain at 1 kHz cancel out."""

_HOPS_AT_ONCE: Final = 600


def integrated_loudness(sound: Sound) -> float:
    """Gated loudness of mono sound in LUFS; -inf where nothing passes the gate at -70 LUFS."""
    return _gated(_powers(sound, min(round(HOP * sound.rate), max(1, len(sound.samples)))))


def speech_gain(sound: Sound, target: float = TARGET_LUFS) -> float:
    """Decibels that bring 48 kHz sound to `target` LUFS once the limiter has taken its peaks.

    Within MAX_GAIN_DB; 0 for silence. The limiter's effect is reckoned from the power and the peak
    of each of its blocks, so that the sound is gone through twice at most.
    """
    if sound.rate != SOUND_RATE:
        raise ValueError(f"the limiter takes sound at {SOUND_RATE} Hz, not {sound.rate}")
    powers = _powers(sound, BLOCK)
    width = min(HOP_BLOCKS, max(1, len(powers)))
    plain = _gated(_means(powers, width))
    if not np.isfinite(plain):
        return 0.0
    first = gain = float(np.clip(target - plain, -MAX_GAIN_DB, MAX_GAIN_DB))
    highest = min(first + MAX_DRIVE_DB, MAX_GAIN_DB)
    whole = Sound(sound.samples, sound.rate)  # its blocks begin with its first sample
    peaks = block_peaks(whole, _ratio(CEILING_DBTP - highest))[: len(powers)]
    for _ in range(TRIES):
        limited = _limited(powers, peaks, width, _ratio(CEILING_DBTP - gain))
        missing = target - gain - _gated(np.concatenate(list(limited)))
        gain = float(np.clip(gain + missing, -MAX_GAIN_DB, highest))
    return gain


def normalise(sound: Sound) -> tuple[Sound, float]:
    """The sound nearer to TARGET_LUFS, by one gain, and the decibels that are still missing.

    It comes as near as full scale lets it, so that 16 bits hold it well; the rest is for the
    limiter (`media.limiter.louden`). Silence stays as it is.
    """
    gain = speech_gain(sound)
    highest = max((float(np.abs(part).max()) for part in chunks(sound)), default=0.0)
    if highest == 0:
        return sound, 0.0
    now = min(gain, -20 * float(np.log10(highest)))
    return Sound(_scaled(sound, _ratio(now)), sound.rate, sound.start), gain - now


def k_weighting(rate: int) -> NDArray[np.float64]:
    """The K-weighting's two stages (shelf, high-pass) as second-order sections."""
    shelf_k, shelf_q = np.tan(np.pi * 1681.974450955533 / rate), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    norm = 1 + shelf_k / shelf_q + shelf_k**2
    shelf = [
        (high + band * shelf_k / shelf_q + shelf_k**2) / norm,
        2 * (shelf_k**2 - high) / norm,
        (high - band * shelf_k / shelf_q + shelf_k**2) / norm,
        1.0,
        2 * (shelf_k**2 - 1) / norm,
        (1 - shelf_k / shelf_q + shelf_k**2) / norm,
    ]
    pass_k, pass_q = np.tan(np.pi * 38.13547087602444 / rate), 0.5003270373238773
    norm = 1 + pass_k / pass_q + pass_k**2
    high_pass = [
        1.0,
        -2.0,
        1.0,
        1.0,
        2 * (pass_k**2 - 1) / norm,
        (1 - pass_k / pass_q + pass_k**2) / norm,
    ]
    return np.array([shelf, high_pass])


def _lufs(power: NDArray[np.float64] | np.float64) -> NDArray[np.float64]:
    return OFFSET + 10 * np.log10(np.maximum(power, 1e-20))


def _gated(hops: Levels) -> float:
    """Loudness of a row of mean squares, one a HOP, by the gates of BS.1770-4."""
    if len(hops) == 0:
        return -np.inf
    width = min(HOPS_PER_BLOCK, len(hops))
    blocks = np.convolve(hops, np.full(width, 1 / width), "valid")
    loud = blocks[_lufs(blocks) > ABSOLUTE_GATE]
    if len(loud) == 0:
        return -np.inf
    gate = _lufs(loud.mean()) + RELATIVE_GATE
    return float(_lufs(loud[_lufs(loud) > gate].mean()))


def _limited(powers: Levels, peaks: Levels, width: int, ceiling: float) -> Iterator[Levels]:
    """Mean squares of hops of `width` blocks behind the limiter, some at a time."""
    step = width * _HOPS_AT_ONCE
    for at in range(0, len(powers), step):
        first = max(0, at - BLOCKS_IN_REACH)
        curve = gain_curve(peaks[first : at + step + BLOCKS_IN_REACH], ceiling)[at - first :]
        part = powers[at : at + step]
        yield _means((part * curve[: len(part)] ** 2).astype(np.float32), width)


def _means(values: Levels, width: int) -> Levels:
    """The mean of each whole stretch of `width` values."""
    whole = values[: len(values) // width * width].reshape(-1, width)
    return np.asarray(whole.mean(axis=1), np.float32)


def _powers(sound: Sound, width: int) -> Levels:
    """Mean square of the K-weighted sound in each whole stretch of `width` samples."""
    sections = k_weighting(sound.rate)
    state = np.zeros((len(sections), 2))
    found = [np.zeros(0, np.float32)]
    for part in chunks(sound, width):
        weighted, state = sosfilt(sections, part.astype(np.float64), zi=state)
        found.append(_means(np.square(weighted).astype(np.float32), width))
    return np.concatenate(found)


def _scaled(sound: Sound, factor: float) -> Samples:
    out, at = room(len(sound.samples)), 0
    for part in chunks(sound):
        np.multiply(part, np.float32(factor), out=out[at : at + len(part)])
        at += len(part)
        release(out)
    return out


def _ratio(decibels: float) -> float:
    return float(10 ** (decibels / 20))
