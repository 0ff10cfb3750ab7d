"""The upright crop that the repairing network looks at, and the way back from it.

Rectangles are I420 planes. A chroma sample lies in the middle of its four pixels, so its place in
luma pixels is twice its own and a half.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from deployments.lipsync.landmarks import FaceFrame
from deployments.lipsync.mouth_field import MouthField
from deployments.lipsync.mouth_geometry import Box, lip_mask
from media.colour import chroma
from media.patch import Planes

SCALE: Final = 89.0
"""Pixels of the crop a face unit."""
WIDTH, HEIGHT = 128, 88
BELOW: Final = 0.14
"""Face units from the closed lips' middle down to the crop's."""

Matrix = NDArray[np.float64]
"""(2, 3) of an affine map."""
Seen = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]
"""A crop's Y (HEIGHT, WIDTH), U and V (half of each)."""
Change = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
"""What is added to the Y (height, width), U and V (half of each) of a box of the crop."""


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """Where the crop lies in a mouth's rectangle of a width and height."""

    width: int
    height: int
    forward: Matrix
    """From the rectangle to the crop."""
    back: Matrix
    """From the crop to the rectangle."""
    shrink: int
    """Large rectangles are made so many times smaller first, not to alias."""
    from_luma: Matrix
    from_chroma: Matrix
    """From the planes, made smaller, to the crop's own planes."""


def find_crop(field: MouthField, frame: FaceFrame) -> Crop:
    """Where the crop lies for a portrait whose mouth moves by `field`."""
    mouth = (field.upper_lip[5] + field.lower_lip[5]) / 2
    forward = frame.upright(SCALE, mouth, np.array([WIDTH / 2, HEIGHT / 2 - BELOW * SCALE]))
    shrink = max(1, int(1 / (1.4 * np.sqrt(np.linalg.det(forward[:, :2])))))
    back = np.asarray(cv2.invertAffineTransform(forward), np.float64)
    box = field.rectangle
    return Crop(
        box.width,
        box.height,
        forward,
        back,
        shrink,
        _coarser(forward, shrink),
        _of_chroma(_coarser(forward, shrink)),
    )


def _coarser(matrix: Matrix, times: int) -> Matrix:
    """The same map for samples that each are the mean of `times` x `times` pixels."""
    axes = matrix[:, :2]
    return np.column_stack([axes * times, matrix[:, 2] + (times - 1) / 2 * axes.sum(axis=1)])


def _of_chroma(matrix: Matrix) -> Matrix:
    """The same map between chroma planes, whose samples lie in the middle of four pixels."""
    shift = matrix[:, 2] + matrix[:, :2].sum(axis=1) / 2 - 0.5
    return np.column_stack([matrix[:, :2], shift / 2])


def look(crop: Crop, planes: Planes) -> Seen:
    """What the crop shows of a rectangle."""
    u, v = chroma(planes, crop.height)
    size = (WIDTH // 2, HEIGHT // 2)
    return (
        _seen(planes[: crop.height], crop.shrink, crop.from_luma, (WIDTH, HEIGHT)),
        _seen(u, crop.shrink, crop.from_chroma, size),
        _seen(v, crop.shrink, crop.from_chroma, size),
    )


def _seen(
    plane: NDArray[np.uint8], shrink: int, matrix: Matrix, size: tuple[int, int]
) -> NDArray[np.uint8]:
    small = _smaller(plane, shrink)
    drawn = cv2.warpAffine(small, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(drawn, np.uint8)


def _smaller(plane: NDArray[np.uint8], times: int) -> NDArray[np.uint8]:
    if times == 1:
        return plane
    height, width = (side // times for side in plane.shape)
    whole = plane[: height * times, : width * times]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def lips_seen(
    crop: Crop, upper: NDArray[np.float32], lower: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """(HEIGHT, WIDTH) coverage of what lies between two lines of the rectangle."""
    axes, shift = crop.forward[:, :2].T, crop.forward[:, 2]
    above, below = ((line @ axes + shift).astype(np.float32) for line in (upper, lower))
    return lip_mask(above, below, (0, 0, WIDTH, HEIGHT))


@dataclass(frozen=True, slots=True, eq=False)
class WayBack:
    """From an even box of the crop to the part of a rectangle that it covers."""

    left: int
    top: int
    right: int
    bottom: int
    """All even."""
    luma: Matrix
    chroma: Matrix
    height: int
    """Of the rectangle."""


def way_back(crop: Crop, box: Box) -> WayBack:
    """The way from a box."""
    back = crop.back.copy()
    back[:, 2] += crop.back[:, :2] @ box[:2]
    left, top, right, bottom = _reached(back, box, (crop.width, crop.height))
    back[:, 2] -= (left, top)
    return WayBack(left, top, right, bottom, back, _of_chroma(back), crop.height)


def add(way: WayBack, planes: Planes, change: Change) -> None:
    """Carry a change in a box of the crop back to a rectangle, in place."""
    luma, *halves = change
    _add(planes[way.top : way.bottom, way.left : way.right], luma, way.luma)
    where = np.s_[way.top // 2 : way.bottom // 2, way.left // 2 : way.right // 2]
    for half, plane in zip(halves, chroma(planes, way.height), strict=True):
        _add(plane[where], half, way.chroma)


def _add(part: NDArray[np.uint8], change: NDArray[np.generic], matrix: Matrix) -> None:
    drawn = cv2.warpAffine(np.asarray(change), matrix, (part.shape[1], part.shape[0]))
    cv2.add(part, drawn, dst=part, dtype=cv2.CV_8U)


def _reached(back: Matrix, box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom, all even, of what a box of the crop covers of a rectangle."""
    _, _, width, height = box
    corners = np.array([(-1, -1), (width, -1), (-1, height), (width, height)], np.float64)
    covered = corners @ back[:, :2].T + back[:, 2]
    low = np.clip(np.floor(covered.min(axis=0)), 0, size).astype(int) // 2 * 2
    high = np.clip(np.ceil(covered.max(axis=0)) + 1, 0, size).astype(int)
    high += high % 2
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])
