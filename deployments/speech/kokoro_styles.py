"""A voice of Kokoro as bytes: its table of styles in NumPy's .npy format, nothing else."""

import io
from typing import Final

import numpy as np
from numpy.typing import NDArray

from media.errors import AvatarError
from media.npy import array_of

STYLE: Final = 256
"""Numbers in a style: the first half says how the voice sounds, the second how it speaks."""
ROWS: Final = 510
"""Styles of a voice: one for each number of phonemes."""
_LARGEST: Final = 10.0
"""The stock voices stay below 3.2."""

Styles = NDArray[np.float32]
"""Shape (ROWS, STYLE)."""


def write_styles(styles: Styles) -> bytes:
    """The table as bytes. Raises ValueError for one that `read_styles` would refuse."""
    if styles.shape != (ROWS, STYLE) or not _sound(styles):
        raise ValueError("not a table of Kokoro's styles")
    out = io.BytesIO()
    np.save(out, np.ascontiguousarray(styles, "<f4"), allow_pickle=False)
    return out.getvalue()


def read_styles(data: bytes) -> Styles:
    """The table in `data`. Raises AvatarError `invalid_request` where it holds anything else."""
    try:
        styles = array_of(data)
        if (styles.shape, styles.dtype) != ((ROWS, STYLE), np.dtype("<f4")):
            raise ValueError
        if not styles.flags.c_contiguous or not _sound(styles):
            raise ValueError
    except ValueError:
        raise AvatarError(
            "invalid_request",
            "The cloned voice's file is broken or not one of Kokoro: "
            "make the voice again from its sample.",
            param="voice",
        ) from None
    return styles


def _sound(styles: Styles) -> bool:
    return bool(np.isfinite(styles).all() and np.abs(styles).max() < _LARGEST)
