"""Long samples in nameless files instead of memory: half an hour of the track takes 345 MB.

A mapped file's pages are read when touched, and the kernel may drop them at any time; `release`
drops them at once.
"""

import mmap
import tempfile
from typing import IO, Final

import numpy as np

from media.sound import Samples

IN_MEMORY: Final = 2**22
"""Fewer samples than this (87 s of the track) stay in memory."""


def mapped(file: IO[bytes]) -> Samples:
    """A file of float32 samples as a read-only array, which outlives the file object."""
    return np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), np.float32)


def room(count: int) -> Samples:
    """A writable array for `count` samples: in memory, or mapped when long."""
    if count < IN_MEMORY:
        return np.empty(count, np.float32)
    with tempfile.TemporaryFile() as file:
        file.truncate(count * 4)
        return np.frombuffer(mmap.mmap(file.fileno(), 0), np.float32)


def release(samples: Samples) -> None:
    """Take no memory for mapped samples until they are touched again; others stay as they are."""
    base: object = samples
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, memoryview):
        base = base.obj
    if isinstance(base, mmap.mmap):
        base.madvise(mmap.MADV_DONTNEED)  # shared mappings: what was written stays in the file
