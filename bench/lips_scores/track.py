"""Follows the skin of both lips from frame to frame: an opening to a fraction of a pixel.

The face mesh takes lips that part by .02 to .05 face units for closed ones, which is where half of
speech happens. Lips are therefore followed as pieces of the picture itself:
each is cut from a frame of the closed mouth and sought, by normalised cross-correlation, in every
other frame along the face's axis.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from deployments.lipsync.landmarks import (
    LOWER_INNER,
    LOWER_OUTER,
    UPPER_INNER,
    UPPER_OUTER,
    FaceFrame,
)
from media.face import Picture

Mesh = NDArray[np.float32]

SCALE: Final = 160.0
"""Pixels a face unit in the upright crop that lips are followed in."""
HALF_WIDTH: Final = 0.14
"""Face units to either side of the mouth's middle that a piece of lip spans."""
AWAY: Final = 0.012
"""Face units from the lips' line at which a piece begins: the line itself goes when they part."""
BEYOND: Final = 0.03
"""Face units past the lip's outer edge that a piece holds: that edge is what is best found."""
REACH: Final = 0.06
"""Face units round the mesh's own reading of a lip's way in which it is sought."""
ASIDE: Final = 0.03


@dataclass(frozen=True, slots=True, eq=False)
class Lips:
    """Both lips of a closed mouth, cut out."""

    matrix: NDArray[np.float64]
    """(2, 3): picture to crop."""
    upper: tuple[NDArray[np.float32], int, int]
    lower: tuple[NDArray[np.float32], int, int]
    """Each piece, its column and row in the crop."""
    mesh: Mesh


def cut_lips(closed: Picture, mesh: Mesh, axes: FaceFrame) -> Lips:
    """The pieces to follow, from a frame of the closed mouth and its mesh."""
    at = axes.coordinates(mesh[:, :2])
    middle = (at[13] + at[14]) / 2
    matrix = axes.upright(SCALE, (mesh[13, :2] + mesh[14, :2]) / 2, np.full(2, SCALE * 0.7))
    crop = _crop(closed, matrix)
    centre = crop.shape[0] / 2

    def piece(outer: tuple[int, ...], inner: tuple[int, ...], way: int) -> tuple[float, float]:
        edge, line = at[outer[5], 1] - middle[1], at[inner[5], 1] - middle[1]
        near, far = line + way * AWAY, edge + way * BEYOND
        return (near, far) if way > 0 else (far, near)

    found: list[tuple[NDArray[np.float32], int, int]] = []
    for outer, inner, way in ((UPPER_OUTER, UPPER_INNER, -1), (LOWER_OUTER, LOWER_INNER, 1)):
        top, bottom = (round(centre + v * SCALE) for v in piece(outer, inner, way))
        left, right = (round(centre + v * SCALE) for v in (-HALF_WIDTH, HALF_WIDTH))
        found.append((np.ascontiguousarray(crop[top:bottom, left:right]), left, top))
    return Lips(matrix, found[0], found[1], mesh)


def parted(picture: Picture, mesh: Mesh, lips: Lips) -> tuple[float, float]:
    """How much farther apart the lips are than where they were cut, in face units.

    The second number is the correlation with which the worse of the two was found again.
    """
    crop = _crop(picture, lips.matrix)
    ways = (mesh - lips.mesh)[:, :2] @ lips.matrix[1, :2]
    upper, alike_up = _moved(crop, lips.upper, float(ways[[13, 0]].mean()))
    lower, alike_low = _moved(crop, lips.lower, float(ways[[14, 17]].mean()))
    return (lower - upper) / SCALE, min(alike_up, alike_low)


def _moved(
    crop: NDArray[np.float32],
    lip: tuple[NDArray[np.float32], int, int],
    way: float,
) -> tuple[float, float]:
    """Pixels of the crop by which a lip lies lower, to a fraction by a parabola; how alike.

    `way` is about where to look.
    """
    piece, x, y = lip
    tall, wide = piece.shape
    aside, reach = round(ASIDE * SCALE), REACH * SCALE
    top = min(max(0, round(y + way - reach)), len(crop) - tall)
    bottom = max(top + tall, round(y + way + reach) + tall)
    part = crop[top:bottom, x - aside : x + wide + aside]
    likeness = cv2.matchTemplate(part, piece, cv2.TM_CCOEFF_NORMED).max(axis=1)
    best = int(likeness.argmax())
    fraction = 0.0
    if 0 < best < len(likeness) - 1:
        before, here, after = likeness[best - 1 : best + 2].tolist()
        bend = before - 2 * here + after
        fraction = 0.5 * (before - after) / bend if bend < 0 else 0.0
    return top + best + fraction - y, float(likeness[best])


def _crop(picture: Picture, matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    side = round(SCALE * 1.4)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return np.asarray(
        cv2.warpAffine(
            grey, matrix, (side, side), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        ),
        np.float32,
    )
