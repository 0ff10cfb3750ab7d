"""Samples as signed 16-bit numbers, little endian: stored, and in WAV."""

import numpy as np
from numpy.typing import NDArray

from media.sound import Samples


def to_pcm(samples: Samples) -> bytes:
    """Samples as 16 bits; their noise lies 96 dB under full scale."""
    return to_16_bits(samples).tobytes()


def to_16_bits(samples: Samples) -> NDArray[np.int16]:
    """Samples as numbers of 16 bits, what passes full scale cut off."""
    scaled = np.clip(samples * np.float32(32768), -32768, 32767)
    whole: NDArray[np.int16] = np.rint(scaled).astype("<i2")
    return whole


def from_pcm(raw: bytes) -> Samples:
    """16-bit numbers as samples."""
    return np.frombuffer(raw, "<i2").astype(np.float32) / np.float32(32768)
