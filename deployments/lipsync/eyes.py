"""Blinks: the skin between brow and lid drawn down over the eye."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from deployments.lipsync.landmarks import (
    LEFT_BROW,
    LEFT_LOWER_LID,
    LEFT_UPPER_LID,
    RIGHT_BROW,
    RIGHT_LOWER_LID,
    RIGHT_UPPER_LID,
)
from deployments.lipsync.mouth_field import Rectangle

LASHES: Final = 0.05
"""How far the upper lashes reach below the mesh's lid line, in widths of the eye: they move too."""
OVERLAP: Final = 0.03
"""How far a closed lid covers the lower lid's line, in widths of the eye."""
STRETCHED: Final = 0.8
"""Part of the skin between lid and brow that a blink stretches."""


@dataclass(frozen=True, slots=True, eq=False)
class Eye:
    """One eye's rectangle and, per column of it, where skin begins and the lids lie, in pixels."""

    rectangle: Rectangle
    anchor: NDArray[np.float32]
    upper: NDArray[np.float32]
    lower: NDArray[np.float32]
    feather: NDArray[np.float32]
    """(width,): 1 over the eye, 0 at the rectangle's sides."""


def find_eyes(mesh: NDArray[np.float32], size: tuple[int, int]) -> tuple[Eye, ...]:
    """Both eyes of a (478, 3) mesh in a picture of `size` (width, height)."""
    points = mesh[:, :2].astype(np.float32)
    return tuple(
        _eye(points[list(upper)], points[list(lower)], points[list(brow)], size)
        for upper, lower, brow in (
            (RIGHT_UPPER_LID, RIGHT_LOWER_LID, RIGHT_BROW),
            (LEFT_UPPER_LID, LEFT_LOWER_LID, LEFT_BROW),
        )
    )


def _eye(
    upper: NDArray[np.float32],
    lower: NDArray[np.float32],
    brow: NDArray[np.float32],
    size: tuple[int, int],
) -> Eye:
    everything = np.vstack([upper, lower])
    span = float(np.ptp(everything[:, 0]))
    x0 = max(0, int(everything[:, 0].min() - 0.12 * span) // 2 * 2)
    x1 = min(size[0], int(everything[:, 0].max() + 0.12 * span) // 2 * 2 + 2)
    y0 = max(0, int(min(brow[:, 1].min(), upper[:, 1].min() - 0.3 * span)) // 2 * 2)
    y1 = min(size[1], int(lower[:, 1].max() + 0.1 * span) // 2 * 2 + 2)
    xs = np.arange(x0, x1, dtype=np.float32)

    def line(points: NDArray[np.float32]) -> NDArray[np.float32]:
        order = np.argsort(points[:, 0])
        return _single(np.interp(xs, points[order, 0], points[order, 1]) - y0)

    lid = line(upper)
    skin = np.maximum(lid - line(brow), 0.25 * span)
    inside = np.minimum(xs - everything[:, 0].min(), everything[:, 0].max() - xs) / (0.12 * span)
    return Eye(
        Rectangle(x0, y0, x1 - x0, y1 - y0),
        _single(lid - STRETCHED * skin),
        _single(lid + LASHES * span),
        _single(np.maximum(line(lower), lid) + (LASHES + OVERLAP) * span),
        _single(np.clip(inside + 0.5, 0, 1)),
    )


def _single(values: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.asarray(values, np.float32)


def close_eye(eye: Eye, amount: float, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The eye's rectangle of the picture `rgb` with the lid lowered by `amount` (0 to 1)."""
    box = eye.rectangle
    part = rgb[box.y : box.y + box.height, box.x : box.x + box.width]
    drop = amount * (eye.lower - eye.upper) * eye.feather
    lid = eye.upper + drop
    ys = np.arange(box.height, dtype=np.float32)[:, None]
    stretch = (eye.upper - eye.anchor) / (lid - eye.anchor)
    drawn = eye.anchor + (ys - eye.anchor) * stretch
    above = np.clip(lid - ys + 0.5, 0, 1) * (drop > 0.05)
    source_y = np.where(ys > eye.anchor, drawn, ys)
    xs = np.broadcast_to(np.arange(box.width, dtype=np.float32), source_y.shape)
    skin = cv2.remap(
        part, xs, source_y.astype(np.float32), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    blended = part + (skin.astype(np.float32) - part) * above[..., None]
    return np.asarray(np.clip(blended + 0.5, 0, 255), np.uint8)
