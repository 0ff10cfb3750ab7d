"""How strong sound is from moment to moment; it needs no filters, which are slow to import."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from media.scratch import release
from media.sound import Samples, Sound

CHUNK_SECONDS: Final = 10


def window_levels(sound: Sound, window: int) -> NDArray[np.float32]:
    """RMS of each whole window of `window` samples, without its mean (an offset is no sound)."""
    levels = [
        part[: len(part) // window * window].reshape(-1, window).std(axis=1)
        for part in chunks(sound, window)
    ]
    return np.concatenate(levels) if levels else np.empty(0, np.float32)


def chunks(sound: Sound, multiple: int = 1) -> Iterator[Samples]:
    """Stretches of about CHUNK_SECONDS, so that a mapped recording is never whole in memory."""
    step = max(1, CHUNK_SECONDS * sound.rate // multiple) * multiple
    for first in range(0, len(sound.samples), step):
        yield sound.samples[first : first + step]
        release(sound.samples)
