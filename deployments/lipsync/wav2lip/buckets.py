"""Batch sizes that are made ready once: a batch is filled up to the next one."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

SIZES: Final = (1, 8, 32, 64, 128, 256)
"""Frames. Few sizes, for each takes time and memory; the first is for short first segments."""


def cut_into(frames: int, sizes: Sequence[int] = SIZES) -> list[tuple[int, int]]:
    """How so many frames are made: (frames taken, size they are filled up to), in order.

    `sizes` rise. Whole batches of the largest size come first; the rest goes into the smallest
    batch that holds it.
    """
    whole, rest = divmod(frames, sizes[-1])
    parts = [(sizes[-1], sizes[-1])] * whole
    if rest:
        parts.append((rest, next(size for size in sizes if size >= rest)))
    return parts


def by_faces(whose: NDArray[np.intp], faces: int, slots: int) -> Iterator[tuple[slice, slice]]:
    """Frames in parts of at most `slots` faces: (their faces, the frames), in order.

    `whose` rises: frame k is of face `whose[k]` of so many.
    """
    for first in range(0, faces, slots):
        stop = min(first + slots, faces)
        begin, end = np.searchsorted(whose, (first, stop))
        if end > begin:
            yield slice(first, stop), slice(int(begin), int(end))
