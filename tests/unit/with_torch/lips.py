"""Crops of mouths that nobody has."""

import cv2
import numpy as np
from numpy.typing import NDArray

from deployments.lipsync.repair_crop import HEIGHT, WIDTH


def crop(chance: np.random.Generator) -> NDArray[np.uint8]:
    """(8, HEIGHT, WIDTH): soft colours, and masks of a mouth."""
    planes = cv2.GaussianBlur(chance.integers(0, 256, (HEIGHT, WIDTH, 6), np.uint8), (0, 0), 3)
    planes = np.clip((planes.astype(float) - 127) * 4 + 127, 0, 255).astype(np.uint8)
    inner, outer = np.zeros((2, HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(outer, (64, 44), (30, 16), 0, 0, 360, 255, -1)
    cv2.ellipse(inner, (64, 44), (24, 9), 0, 0, 360, 255, -1)
    return np.concatenate([planes.transpose(2, 0, 1), [inner, outer]])
