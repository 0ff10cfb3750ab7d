"""Decoded recordings as raw samples, so that any stretch can be read without the rest."""

import asyncio
from collections.abc import Iterator

from media.pcm import from_pcm, to_pcm
from media.scratch import release
from media.sound import Samples, Sound
from media.timegrid import SOUND_RATE
from serve.storage.artifacts import Artifacts

__all__ = [
    "BYTES_PER_SAMPLE",
    "from_pcm",
    "load_sound",
    "save_sound",
    "sound_length",
    "to_pcm",
]

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


def _pieces(samples: Samples) -> Iterator[bytes]:
    for first in range(0, len(samples), _PIECE):
        yield to_pcm(samples[first : first + _PIECE])
        release(samples)  # a long recording is mapped


def _sound(raw: bytes, start: int) -> Sound:
    return Sound(from_pcm(raw), SOUND_RATE, start)
