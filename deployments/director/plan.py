"""Where a job's track is cut into segments, always on frames of its grid."""

from collections.abc import AsyncIterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from deployments.director.track import Track
from deployments.encode.engine import SOUND_AFTER
from media.sound import Sound
from media.timegrid import SOUND_RATE, Segment, TimeGrid

FIRST: Final = 0.5
"""Longest first segment in seconds: the first sound and picture leave early. The next ones grow."""
LONGEST: Final = 10.0
"""Seconds between two cuts at most, pause or none."""
LISTEN: Final = 0.02
"""Seconds on both sides of a frame's start over which its loudness is taken."""


def longest(n: int) -> float:
    """Seconds that segment `n` may last: twice its forerunner, up to LONGEST."""
    return float(min(LONGEST, FIRST * 2.0 ** min(n, 8)))


async def lay_segments(track: Track, grid: TimeGrid) -> AsyncIterator[Segment]:
    """Segments as soon as the sound that they need is there, cut at the quietest frame in reach.

    Cutting at a pause is only kind to whatever is played alone: frames and sound join exactly
    wherever a cut lies.
    """
    n = start = 0
    while True:
        most = start + max(1, int(longest(n) * grid.fps))
        needed = grid.sample(most) + int(SOUND_AFTER * SOUND_RATE) + 1
        length, ended = await track.reach(needed)
        frames = grid.frames_of(length)
        if ended and frames <= most:
            if frames > start:
                yield Segment(n, start, frames, last=True)
            return
        least = start + max(1, (most - start) // 2)
        heard = await track.window(grid.sample(least) - SOUND_RATE, grid.sample(most) + SOUND_RATE)
        stop = quietest(heard, grid, least, most)
        yield Segment(n, start, stop)
        n, start = n + 1, stop


def quietest(sound: Sound, grid: TimeGrid, first: int, last: int) -> int:
    """The frame of [first, last] at whose start the sound is softest, the latest of equals."""
    power = np.concatenate([[0.0], np.cumsum(sound.samples.astype(np.float64) ** 2)])
    at = np.array([grid.sample(frame) - sound.start for frame in range(first, last + 1)])
    reach = int(LISTEN * SOUND_RATE)
    low, high = (np.clip(at + side, 0, len(sound.samples)) for side in (-reach, reach))
    mean: NDArray[np.float64] = (power[high] - power[low]) / np.maximum(1, high - low)
    level = np.round(10 * np.log10(mean + 1e-8) / 3)  # steps of 3 dB: a later cut beats a hair
    return last - int(np.argmin(level[::-1]))
