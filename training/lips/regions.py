"""Parts of a mouth's crop: its inside, its lips, the skin about; what a repair may change there."""

from typing import Final

import cv2
import numpy as np

from deployments.lipsync.repair import BLUR, DILATE, RIM, SMOOTH, Image, Mask

PARTS: Final = ("inside", "lips", "skin")


def reach(outer: Mask) -> Image:
    """(height, width, 1) 0 to 1: where the repair may act, the lips and a little round them."""
    return mean_over(_wide(outer, DILATE), BLUR)


def within(inner: Mask) -> Image:
    """(height, width, 1) 0 to 1: the mouth's inside and its rim, where all may be new."""
    return mean_over(_wide(inner, RIM), RIM)


def shares(inner: Mask, outer: Mask) -> dict[str, Image]:
    """How much of each pixel belongs to each of PARTS; together 1."""
    lips = reach(outer)
    inside = np.minimum(within(inner), lips)
    return dict(zip(PARTS, (inside, lips - inside, 1 - lips), strict=True))


def repair_towards(warp: Image, wanted: Image, inner: Mask, outer: Mask) -> Image:
    """(height, width, 3): the warp when a network adds just what is missing to the wanted picture.

    As `network.Repair` adds it: skin stays, lips get means alone, the inside is free. One that
    exaggerates what it adds, to make up for the means, can come nearer.
    """
    missing = wanted - warp
    smooth = mean_over(missing, SMOOTH)
    added = (smooth + (missing - smooth) * within(inner)) * reach(outer)
    return np.asarray(warp + added, np.float32)


def mean_over(image: Image, size: int) -> Image:
    """Means of (height, width, channels) over squares, of what lies in the picture."""
    square = (size, size)
    total = cv2.blur(image, square, borderType=cv2.BORDER_CONSTANT)
    there = cv2.blur(np.ones(image.shape[:2], np.float32), square, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(total.reshape(image.shape) / there[..., None], np.float32)


def _wide(mask: Mask, size: int) -> Image:
    grown = cv2.dilate(mask, np.ones((size, size), np.uint8))
    return np.asarray(grown[..., None] / np.float32(255), np.float32)
