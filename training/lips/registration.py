"""Pictures of one mouth brought onto each other, so that a shift of pixels isn't taken for more."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]

MOST: Final = 3.0
"""Pixels that anything is moved by."""
STIFF: Final = 3.0
"""Pixels over which the movement is smoothed: single hairs and teeth aren't sought."""


def brought_onto(image: Image, onto: Image) -> Image:
    """(height, width, 3): an image moved, by at most MOST pixels, to where another shows the same.

    The movement is dense inverse search (Kroeger et al., 2016) on brightness, smoothed.
    """
    there, here = (np.clip(x.mean(axis=2), 0, 255).astype(np.uint8) for x in (onto, image))
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    search.setFinestScale(0)
    still = np.zeros((*here.shape, 2), np.float32)
    flow = cv2.GaussianBlur(search.calc(there, here, still), (0, 0), STIFF)
    length = np.linalg.norm(flow, axis=2, keepdims=True)
    return moved(image, flow * np.minimum(1, MOST / np.maximum(length, 1e-6)))


def shaken(image: Image, pixels: float, chance: np.random.Generator) -> Image:
    """An image whose parts are moved by so many pixels, root mean square along each axis."""
    shift = cv2.GaussianBlur(
        chance.normal(size=(*image.shape[:2], 2)).astype(np.float32), (0, 0), 2 * STIFF
    )
    return moved(image, shift * (pixels / np.sqrt(np.mean(shift**2, axis=(0, 1)))))


def moved(image: Image, shift: NDArray[np.floating]) -> Image:
    """Each pixel taken from where `shift` (height, width, 2) points, x before y."""
    ys, xs = np.mgrid[: image.shape[0], : image.shape[1]]
    at_x, at_y = ((at + shift[..., k]).astype(np.float32) for k, at in enumerate((xs, ys)))
    seen = cv2.remap(image, at_x, at_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(seen, np.float32)
