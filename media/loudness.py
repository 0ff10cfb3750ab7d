"""How loud sound is, and one gain that brings a recording to speech level.

Sources: ITU-R BS.1770-4 (K-weighting and gating), EBU Tech 3341; the filters' design for any
sample rate follows from the recommendation's analogue prototypes (Mansbridge et al., AES 2012).
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import sosfilt

from media.scratch import release, room
from media.sound import Samples, Sound

TARGET_LUFS: Final = -16.0
"""Usual for spoken word on the web (AES TD1008)."""

PEAK_DBFS: Final = -1.0
MAX_GAIN_DB: Final = 30.0
"""More would lift the noise of a nearly empty recording to the level of speech."""

HOP: Final = 0.1
"""Seconds: gating blocks of 0.4 s overlap by three quarters."""
HOPS_PER_BLOCK: Final = 4
ABSOLUTE_GATE: Final = -70.0
RELATIVE_GATE: Final = -10.0
OFFSET: Final = -0.691
"""Makes the K-weighting's gain at 1 kHz cancel out."""

CHUNK_SECONDS: Final = 10


def integrated_loudness(sound: Sound) -> float:
    """Gated loudness of mono sound in LUFS; -inf where nothing passes the gate at -70 LUFS."""
    hops = np.fromiter(_hop_powers(sound), np.float64)
    if len(hops) == 0:
        return -np.inf
    width = min(HOPS_PER_BLOCK, len(hops))
    blocks = np.convolve(hops, np.full(width, 1 / width), "valid")
    loud = blocks[_lufs(blocks) > ABSOLUTE_GATE]
    if len(loud) == 0:
        return -np.inf
    gate = _lufs(loud.mean()) + RELATIVE_GATE
    return float(_lufs(loud[_lufs(loud) > gate].mean()))


def normalise(sound: Sound, *, target: float = TARGET_LUFS, peak: float = PEAK_DBFS) -> Sound:
    """The sound at `target` LUFS by one gain for all of it.

    The gain stays within MAX_GAIN_DB, and lower where a sample would pass `peak` dBFS. Silence
    stays as it is.
    """
    loudness = integrated_loudness(sound)
    loudest = max((float(np.abs(part).max()) for part in _chunks(sound)), default=0.0)
    if not np.isfinite(loudness) or loudest == 0:
        return sound
    room = peak - 20 * np.log10(loudest)
    gain = min(float(np.clip(target - loudness, -MAX_GAIN_DB, MAX_GAIN_DB)), room)
    return Sound(_scaled(sound, 10 ** (gain / 20)), sound.rate, sound.start)


def window_levels(sound: Sound, window: int) -> NDArray[np.float32]:
    """RMS of each whole window of `window` samples, without its mean (an offset is no sound)."""
    levels = [
        part[: len(part) // window * window].reshape(-1, window).std(axis=1)
        for part in _chunks(sound, window)
    ]
    return np.concatenate(levels) if levels else np.empty(0, np.float32)


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


def _hop_powers(sound: Sound) -> Iterator[float]:
    """Mean square of the K-weighted sound in each whole hop; one for all of a shorter sound."""
    sections = k_weighting(sound.rate)
    state = np.zeros((len(sections), 2))
    hop = min(round(HOP * sound.rate), max(1, len(sound.samples)))
    for part in _chunks(sound, hop):
        weighted, state = sosfilt(sections, part.astype(np.float64), zi=state)
        whole = weighted[: len(weighted) // hop * hop].reshape(-1, hop)
        yield from np.square(whole).mean(axis=1)


def _chunks(sound: Sound, multiple: int = 1) -> Iterator[Samples]:
    """Stretches of about CHUNK_SECONDS, so that a mapped recording is never whole in memory."""
    step = max(1, CHUNK_SECONDS * sound.rate // multiple) * multiple
    for first in range(0, len(sound.samples), step):
        yield sound.samples[first : first + step]
        release(sound.samples)


def _scaled(sound: Sound, factor: float) -> Samples:
    out, at = room(len(sound.samples)), 0
    for part in _chunks(sound):
        np.multiply(part, np.float32(factor), out=out[at : at + len(part)])
        at += len(part)
        release(out)
    return out
