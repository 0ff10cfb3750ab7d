"""Measures of a mouth in its rectangle that what is painted inside goes by."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from deployments.lipsync.mouth_field import MouthField
from media.face import Picture

Box = tuple[int, int, int, int]
"""Left, top, width and height in the rectangle's pixels."""
REFERENCE: Final = 165.0
"""Brightness of a well lit face, of 255."""
TINT: Final = 0.4
"""How much of the skin's tint, an exponent, light inside the mouth takes on."""


def skin_colour(field: MouthField, rgb: Picture) -> NDArray[np.float32]:
    """(3,) colour of the skin beside the mouth."""
    left, right = field.lower_lip[0], field.lower_lip[-1]
    beside = np.array([0.15 * field.unit, 0.0])
    reach = max(2, int(0.08 * field.unit))
    colours = []
    for x, y in (left - beside, right + beside):
        cx, cy = int(x), int(y)
        region = rgb[max(0, cy - reach) : cy + reach, max(0, cx - reach) : cx + reach]
        if region.size:
            colours.append(region.reshape(-1, 3).mean(axis=0))
    return np.asarray(np.mean(colours, axis=0) if colours else np.full(3, REFERENCE), np.float32)


def light_gain(skin: NDArray[np.float32]) -> NDArray[np.float32]:
    """(3,) gains: brightness of the skin against REFERENCE, with its tint."""
    level = max(1.0, float(skin.mean()))
    tint = (skin / level) ** TINT
    return np.asarray(np.clip(level / REFERENCE, 0.3, 1.15) * tint, np.float32)


def mouth_axes(field: MouthField, box: Box) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(height, width) face-unit coordinates along and across the resting mouth line."""
    x, y, width, height = box
    left, right = field.upper_lip[0], field.upper_lip[-1]
    along = (right - left) / max(1e-6, float(np.hypot(*(right - left))))
    across = np.array([-along[1], along[0]])
    middle = field.upper_lip[5]
    ys, xs = np.mgrid[y : y + height, x : x + width].astype(np.float32)
    xs, ys = xs - middle[0], ys - middle[1]
    return (
        np.asarray((xs * along[0] + ys * along[1]) / field.unit, np.float32),
        np.asarray((xs * across[0] + ys * across[1]) / field.unit, np.float32),
    )


def lip_mask(upper: NDArray[np.float32], lower: NDArray[np.float32], box: Box) -> NDArray[np.uint8]:
    """(height, width) coverage of the area between two lip lines, antialiased."""
    x, y, width, height = box
    outline = np.vstack([upper, lower[::-1]]) - (x, y)
    mask = np.zeros((height, width), np.uint8)
    fixed = np.round(outline * 16).astype(np.int32)
    cv2.fillPoly(mask, [fixed], 255, lineType=cv2.LINE_AA, shift=4)
    return mask


def lip_row(lip: NDArray[np.float32], x: int, width: int) -> NDArray[np.float32]:
    """(width,): the row of a lip line at each column from x on."""
    order = np.argsort(lip[:, 0])
    xs = np.arange(x, x + width, dtype=np.float32)
    return np.asarray(np.interp(xs, lip[order, 0], lip[order, 1]), np.float32)
