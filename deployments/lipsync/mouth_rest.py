"""A mouth's rectangle at rest, ready for a frame to fetch its pixels from."""

from dataclasses import dataclass
from typing import Final, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from deployments.lipsync.mouth_field import ENLARGED
from deployments.lipsync.mouth_moves import Moved
from media.colour import chroma, halved
from media.patch import Planes

CHROMA_SHIFT: Final = np.float32((ENLARGED - 1) / (4 * ENLARGED) + 0.25)
"""A chroma sample lies in the middle of its four pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Rest:
    """Luma enlarged well, once, so that fetching between its pixels linearly keeps it sharp.

    A third of the time of a cubic fetch from the picture itself, and as sharp: the tests hold one
    against the other a quarter and half a pixel on.
    """

    luma: Planes
    """(ENLARGED height, ENLARGED width)."""
    u: Planes
    v: Planes
    """(height / 2, width / 2)."""

    @classmethod
    def of(cls, mouth: Planes) -> Self:
        """Of a rectangle's planes."""
        height, width = mouth.shape[0] * 2 // 3, mouth.shape[1]
        size = (ENLARGED * width, ENLARGED * height)
        luma = cv2.resize(mouth[:height], size, interpolation=cv2.INTER_LANCZOS4)
        u, v = chroma(mouth, height)
        return cls(np.asarray(luma, np.uint8), u.copy(), v.copy())

    def moved(self, moved: Moved) -> Planes:
        """The rectangle with its pixels moved."""
        height, width = moved.map_x.shape
        made = np.empty((height * 3 // 2, width), np.uint8)
        _fetch(self.luma, moved.map_x, moved.map_y, made[:height])
        half_x, half_y = (_of_chroma(places) for places in (moved.map_x, moved.map_y))
        for at_rest, plane in zip((self.u, self.v), chroma(made, height), strict=True):
            _fetch(at_rest, half_x, half_y, plane)
        return made


def _of_chroma(places: NDArray[np.float32]) -> NDArray[np.float32]:
    half = halved(places)
    half *= np.float32(0.5 / ENLARGED)
    half -= CHROMA_SHIFT
    return half


def _fetch(
    plane: Planes, map_x: NDArray[np.float32], map_y: NDArray[np.float32], onto: Planes
) -> None:
    cv2.remap(plane, map_x, map_y, cv2.INTER_LINEAR, dst=onto, borderMode=cv2.BORDER_REPLICATE)
