"""Pictures painted once a portrait that a frame shifts up or down, as planes that are encoded."""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from media.colour import TO_YUV, halved

Image = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """Planes of even height and width, premultiplied where they have an alpha of 0 to 1."""

    fine: Image
    """(1 or 2, height, width): luma over black and, where it is not opaque, alpha."""
    coarse: Image
    """(2 or 3, height / 2, width / 2): U and V from their middle, alpha."""

    @classmethod
    def of(cls, painted: Image) -> Self:
        """Of (height, width, 3 or 4): red, green, blue from 0 to 255 and alpha."""
        yuv = np.asarray(cv2.transform(np.ascontiguousarray(painted[..., :3]), TO_YUV[:, :3]))
        whole = np.concatenate([yuv, painted[..., 3:]], axis=2)
        fine, coarse = (image.transpose(2, 0, 1) for image in (whole, halved(whole)))
        return cls(*map(np.ascontiguousarray, (np.delete(fine, (1, 2), 0), coarse[1:])))

    def rows(self, first: float, count: int) -> tuple[Image, Image]:
        """Its planes from a row between two on, an even count, as far as they reach."""
        return layer_rows(self.fine, first, count), layer_rows(self.coarse, first / 2, count // 2)


def layer_rows(planes: Image, first: float, count: int) -> Image:
    """`count` rows of (planes, height, ...) from a row between two, as far as they reach."""
    first = min(max(first, 0.0), planes.shape[1] - count - 1.0)
    whole = int(first)
    near, far = planes[:, whole : whole + count], planes[:, whole + 1 : whole + 1 + count]
    made = far - near
    made *= np.float32(first - whole)
    made += near
    return made


def lay_on(painted: tuple[Image, Image], layer: tuple[Image, Image]) -> None:
    """Lay rows of a layer with alpha over those of an opaque one, in place."""
    for under, over in zip(painted, layer, strict=True):
        under *= 1 - over[-1]
        under += over[:-1]
