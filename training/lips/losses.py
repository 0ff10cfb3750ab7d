"""Where a picture's similarity to the truth is lost, shared out among causes."""

from itertools import combinations
from math import factorial
from typing import Final

import cv2
import numpy as np

from training.lips.evaluate import Image, scores
from training.lips.regions import PARTS, Mask, shares
from training.lips.registration import brought_onto

CAUSES: Final = ("place", "light", *PARTS)
"""Things lie a little elsewhere; light and colour differ, over LIGHT pixels and more; and what is
then left in each part."""
LIGHT: Final = 8.0
NOWHERE: Final = np.zeros((1, 1, 1), np.float32)
Reached = dict[frozenset[str], float]


def coarse(image: Image) -> Image:
    """Light and colour of an image, without what it shows."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), LIGHT), np.float32)


def losses(made: Image, truth: Image, inner: Mask, outer: Mask) -> dict[str, float]:
    """What each of CAUSES takes from a similarity of 1.

    Causes are taken away by the truth's help, alone and together. A cause's loss is what that
    gains on average over all orders (Shapley, 1953), so that the losses add up.
    """
    parts = shares(inner, outer)
    placed = brought_onto(truth, made)
    reached: Reached = {}
    for size in range(len(CAUSES) + 1):
        for gone in combinations(CAUSES, size):
            wanted = placed if "place" in gone else truth
            better = made + coarse(wanted - made) if "light" in gone else made
            known = sum((parts[part] for part in PARTS if part in gone), NOWHERE)
            better = np.asarray(better + known * (wanted - better), np.float32)
            reached[frozenset(gone)] = scores(better, wanted, outer)[1]
    return {cause: shapley(cause, reached) for cause in CAUSES}


def shapley(cause: str, reached: Reached) -> float:
    """What a cause's going gains, averaged over the orders in which causes may go."""
    count = max(len(gone) for gone in reached)
    total = 0.0
    for gone, value in reached.items():
        if cause not in gone:
            orders = factorial(len(gone)) * factorial(count - len(gone) - 1)
            total += orders / factorial(count) * (reached[gone | {cause}] - value)
    return total
