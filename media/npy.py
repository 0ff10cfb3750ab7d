"""Arrays in NumPy's .npy format, read from bytes that may be anything (NEP 1)."""

import io
import math
import tokenize
from typing import Any, Final

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

_HEADER: Final = 1_024
"""Bytes of a header at most: of plain numbers it has 118. Python's parser runs out of memory on
some of a few thousand."""


def array_of(data: bytes) -> NDArray[Any]:
    """The array in a file of the format's first version, read-only; objects are never made.

    The header is read first: it is to announce exactly what follows. Raises ValueError.
    """
    file = io.BytesIO(data)
    try:
        if npy.read_magic(file) != (1, 0):
            raise ValueError("an array of another format")
        shape, by_columns, dtype = npy.read_array_header_1_0(file, _HEADER)
    # NumPy lets them through.
    except (SyntaxError, tokenize.TokenError, TypeError, RecursionError) as error:
        raise ValueError("an array with a broken header") from error
    at = file.tell()
    if dtype.hasobject or math.prod(shape) * dtype.itemsize != len(data) - at:
        raise ValueError("an array that is not as long as it says")
    return np.frombuffer(data, dtype, offset=at).reshape(shape, order="F" if by_columns else "C")
