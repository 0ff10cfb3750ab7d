"""A picture as a pyramid of overlapping 128 x 128 tiles, so that small faces are found too.

A detector that sees 128 x 128 pixels finds faces between SMALLEST and about 128 of them wide. One
tile that holds the whole picture covers the large faces; each finer level doubles the picture's
scale and finds faces half as wide.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from deployments.face.blazeface import SIDE, Detections
from media.face import Picture

SMALLEST = 18
"""Narrowest face, in pixels of a tile, that the detector finds without fail (measured)."""

OVERLAP = 48
"""Pixels that neighbouring tiles share: the height of a face twice as wide as SMALLEST, which is
the largest one that the next coarser level could have missed."""

NARROWEST_SHARE = 0.02
"""Faces narrower than this share of the picture's side (of its mean side, where it is oblong) are
not looked for: it bounds the number of tiles, to about 190, whatever the picture's size."""

NARROWEST_PIXELS = 16
"""Faces narrower than this many pixels of the picture are not looked for."""

FLAT = 24
"""Tiles whose green values all lie within this range show no face and are passed over."""

LONGEST = 8192
"""No level is longer, however oblong the picture."""

FIRST_STEP = 1.25
"""A second level must be finer than the first by at least this to be worth its tiles."""

MARGIN = 0.6
"""Scale of a first look at the whole picture with room around it, for faces that fill it."""


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """One 128 x 128 view; `scale`, `left` and `top` lead from its pixels to the picture's."""

    rgb: NDArray[np.uint8]
    scale: float
    left: float
    top: float
    inner: tuple[float, float, float, float]
    """Left, top, right, bottom between which a box is whole: the tile less its cut sides."""

    def locate(self, found: Detections) -> Detections:
        """Detections of this tile in the picture's pixels, less those that its sides cut."""
        low, high = self.inner[:2], self.inner[2:]
        whole = (found.boxes[:, :2] >= low).all(axis=1) & (found.boxes[:, 2:] <= high).all(axis=1)
        return found.select(np.flatnonzero(whole)).mapped(self.scale, self.left, self.top)


def level_sides(width: int, height: int) -> list[int]:
    """Longer sides that the picture is scaled to, coarse to fine; the first fits one tile."""
    narrowest = max(NARROWEST_PIXELS, NARROWEST_SHARE * math.sqrt(width * height))
    side = min(SMALLEST / narrowest * max(width, height), LONGEST)
    sides: list[int] = []
    while side > FIRST_STEP * SIDE:
        sides.append(round(side))
        side /= 2
    return [SIDE, *reversed(sides)]


def starts(length: int) -> list[int]:
    """Where tiles begin along a side of `length` pixels: evenly spread, flush with both ends."""
    if length <= SIDE:
        return [0]
    count = 1 + math.ceil((length - SIDE) / (SIDE - OVERLAP))
    return [round(x) for x in np.linspace(0, length - SIDE, count)]


def resize(picture: Picture, longer: int) -> Picture:
    """The picture with its longer side at `longer` pixels."""
    height, width = picture.shape[:2]
    scale = longer / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, size, interpolation=method), np.uint8)


def whole(picture: Picture, longer: int) -> Tile:
    """One tile with all of the picture in its middle, black around."""
    small = resize(picture, longer)
    height, width = small.shape[:2]
    left, top = (SIDE - width) // 2, (SIDE - height) // 2
    rgb = np.zeros((SIDE, SIDE, 3), np.uint8)
    rgb[top : top + height, left : left + width] = small
    scale = max(picture.shape[:2]) / longer
    return Tile(rgb, scale, -left * scale, -top * scale, (-SIDE, -SIDE, 2 * SIDE, 2 * SIDE))


def cut(picture: Picture, longer: int, scale: float) -> Iterator[Tile]:
    """Overlapping tiles of the picture at one scale, flat ones left out."""
    level = resize(picture, longer)
    height, width = level.shape[:2]
    for top in starts(height):
        for left in starts(width):
            part = level[top : top + SIDE, left : left + SIDE]
            green = part[..., 1]
            if int(green.max()) - int(green.min()) < FLAT:
                continue
            rgb = np.zeros((SIDE, SIDE, 3), np.uint8)
            rgb[: part.shape[0], : part.shape[1]] = part
            inner = (
                0.0 if left else -SIDE,
                0.0 if top else -SIDE,
                float(SIDE) if left + SIDE < width else 2.0 * SIDE,
                float(SIDE) if top + SIDE < height else 2.0 * SIDE,
            )
            yield Tile(rgb, scale, left * scale, top * scale, inner)


def levels(picture: Picture) -> Iterator[tuple[float, Iterator[Tile]]]:
    """Levels, coarse to fine: the width of the narrowest face that each finds, and its tiles."""
    height, width = picture.shape[:2]
    longer = max(width, height)
    sides = level_sides(width, height)
    # A 50-megapixel picture is scaled down once, not for every level.
    base = resize(picture, sides[-1]) if sides[-1] < longer else picture
    scale = longer / max(base.shape[:2])
    for index, side in enumerate(sides):
        narrowest = SMALLEST * longer / side
        if index:
            yield narrowest, cut(base, side, longer / side)
        else:
            tiles = [whole(base, side), whole(base, round(side * MARGIN))]
            yield narrowest, (_scaled(tile, scale) for tile in tiles)


def _scaled(tile: Tile, scale: float) -> Tile:
    return Tile(tile.rgb, tile.scale * scale, tile.left * scale, tile.top * scale, tile.inner)
