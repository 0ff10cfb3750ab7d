"""Decoded recordings as raw samples, so that any stretch can be read without the rest."""

import asyncio
from collections.abc import Iterator

import numpy as np

from media.scratch import release
from media.sound import Samples, Sound
from media.timegrid import SOUND_RATE
from serve.storage.artifacts import Artifacts

BYTES_PER_SAMPLE = 2  # mono, signed 16 bit, little endian, 48 kHz
_PIECE = 1 << 20  # samples converted at a time


async def save_sound(artifacts: Artifacts, key: str, sound: Sound) -> None:
    """Store 48 kHz mono sound as 16-bit samples."""
    if sound.rate != SOUND_RATE:
        raise ValueError(f"a stored recording has {SOUND_RATE} samples a second")
    await artifacts.put(key, _pieces(sound.samples))


async def load_sound(
    artifacts: Artifacts, key: str, start: int = 0, stop: int | None = None
) -> Sound:
    """Samples [start, stop) of a stored recording, fewer where it ends."""
    if stop is None:
        stop = await sound_length(artifacts, key)
    raw = await artifacts.get_range(key, start * BYTES_PER_SAMPLE, stop * BYTES_PER_SAMPLE)
    return await asyncio.to_thread(_sound, raw, start)


async def sound_length(artifacts: Artifacts, key: str) -> int:
    """Samples in a stored recording."""
    return await artifacts.size(key) // BYTES_PER_SAMPLE


def to_pcm(samples: Samples) -> bytes:
    """Samples as they are stored; their noise lies 96 dB under full scale."""
    scaled = np.clip(samples * np.float32(32768), -32768, 32767)
    return bytes(np.rint(scaled).astype("<i2").tobytes())


def from_pcm(raw: bytes) -> Samples:
    """Stored bytes as samples."""
    return np.frombuffer(raw, "<i2").astype(np.float32) / np.float32(32768)


def _pieces(samples: Samples) -> Iterator[bytes]:
    for first in range(0, len(samples), _PIECE):
        yield to_pcm(samples[first : first + _PIECE])
        release(samples)  # a long recording is mapped


def _sound(raw: bytes, start: int) -> Sound:
    return Sound(from_pcm(raw), SOUND_RATE, start)
