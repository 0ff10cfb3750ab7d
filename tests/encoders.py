"""Both encode engines, for what is asked of each alike, and what they are given."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pytest

from deployments.encode.ffmpeg import FFmpeg
from deployments.encode.pyav import PyAV
from media.colour import to_i420
from media.face import Portrait
from media.patch import Frame, Patch
from media.sound import Sound
from media.timegrid import SOUND_RATE, TimeGrid

Engine = type[PyAV] | type[FFmpeg]
BOTH: Final = pytest.mark.parametrize("engine", [PyAV, FFmpeg])


def name(engine: Engine) -> str:
    """As a config names it."""
    return f"{engine.__module__}:{engine.__name__}"


MOUTH = (180, 130, 96, 64)
"""Rectangle that the made-up patches change: x, y, width, height."""


def patches(portrait: Portrait, start: int, stop: int) -> Iterator[Frame]:
    """A rectangle whose content slides: something changes in every frame."""
    x, y, width, height = MOUTH
    for n in range(start, stop):
        shift = 2 * (n % 7)
        source = portrait.rgb[y + shift : y + shift + height, x : x + width]
        yield Frame((Patch(x, y, to_i420(np.ascontiguousarray(source))),))


def tone(grid: TimeGrid, frames: int) -> Sound:
    n = grid.sample(frames)
    t = np.arange(n) / SOUND_RATE
    click = np.exp(-(((t % 1.0) - 0.5) ** 2) / (2 * 0.002**2))
    return Sound((0.2 * np.sin(2 * np.pi * 330 * t) + 0.6 * click).astype(np.float32), SOUND_RATE)
