"""WAVs."""

import struct

import numpy as np

from tests.hostile.made.spoiling import SECOND
from tests.hostile.writers import chunk, fmt, wave


def pcm(samples: bytes = SECOND, *, head: bytes = b"", **fields: int) -> bytes:
    return wave(head, fmt(**fields), chunk(b"data", samples))


def floats(value: float, kind: str = "<f4") -> bytes:
    """A second of one number."""
    data = np.full(48_000, value, kind).tobytes()
    width = np.dtype(kind).itemsize
    return pcm(data, tag=3, align=width, bits=8 * width)


def rf64_that_lies() -> bytes:
    sizes = chunk(b"ds64", struct.pack("<QQQI", 2**63, 2**63, 2**63, 0))
    file = wave(sizes, fmt(), chunk(b"data", SECOND, 0xFFFFFFFF))
    return b"RF64" + file[4:]
