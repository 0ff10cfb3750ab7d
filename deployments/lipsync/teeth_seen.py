"""Where teeth show in an open mouth, read off the pixels between the lips."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from media.face import Picture

ROWS, COLUMNS = 24, 24
FROM, TO = 0.1, 0.9
"""Parts of the way from corner to corner that are unrolled."""
MIDDLE: Final = slice(6, 18)
"""Columns that edges are read from: the front teeth."""
WHITE: Final = (0.92, 1.08)
"""Green and blue over red, against the skin's: lips and tongue below, teeth above."""
LIT: Final = (0.16, 0.30)
"""Green and blue against the skin's: a dark cavity below, teeth, even in shadow, above."""
OF_BRIGHTEST: Final = (0.35, 0.55)
"""The same against the brightest of the mouth: on dark skin a cavity is no darker than lips."""
ENOUGH: Final = 12
"""Places of the unrolled mouth that must be teeth to tell their colour."""
HIGHEST: Final = 0.5
"""Upper teeth begin in this part of the opening."""


@dataclass(frozen=True, slots=True)
class TeethEdges:
    """How far teeth reach into the opening, as shares of it, in the mouth's middle."""

    upper: float = 0.0
    lower: float = 0.0


def unroll(
    rgb: Picture, upper: NDArray[np.float32], lower: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(ROWS, COLUMNS, 3) of what lies between two lip lines (11, 2), 0 to 255.

    Rows go from the upper lip to the lower one.
    """
    along = np.linspace(FROM, TO, COLUMNS)
    places = np.linspace(0, 1, len(upper))
    top, bottom = (
        np.stack([np.interp(along, places, line[:, axis]) for axis in (0, 1)], axis=-1)
        for line in (upper, lower)
    )
    down = np.linspace(0, 1, ROWS)[:, None, None]
    at = (top * (1 - down) + bottom * down).astype(np.float32)
    seen = cv2.remap(rgb, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(seen, np.float32)


def toothness(inside: NDArray[np.float32], skin: NDArray[np.floating]) -> NDArray[np.float32]:
    """0 to 1 for each place of an unrolled mouth: is it a tooth? `skin`: the face's (3,) RGB.

    Teeth are whiter than skin, in whatever light; lips and tongue are redder.
    """
    bright = inside[..., 1:].mean(axis=2)
    white = bright / np.maximum(inside[..., 0], 8.0) / float(skin[1:].mean() / skin[0])
    lit = bright / float(skin[1:].mean())
    of_best = bright / max(float(np.percentile(bright, 95)), 1.0)
    return _between(white, WHITE) * _between(lit, LIT) * _between(of_best, OF_BRIGHTEST)


def _between(values: NDArray[np.floating], edges: tuple[float, float]) -> NDArray[np.float32]:
    return np.asarray(np.clip((values - edges[0]) / (edges[1] - edges[0]), 0, 1), np.float32)


def teeth_colour(
    inside: NDArray[np.float32], skin: NDArray[np.floating]
) -> NDArray[np.float32] | None:
    """(3,) mean RGB of the front teeth of an unrolled mouth; None where too few show."""
    teeth = inside[:, MIDDLE][toothness(inside, skin)[:, MIDDLE] > 0.8]
    return None if len(teeth) < ENOUGH else np.asarray(teeth.mean(axis=0), np.float32)


def find_edges(inside: NDArray[np.float32], skin: NDArray[np.floating]) -> TeethEdges:
    """Where the teeth of an unrolled mouth end."""
    profile = toothness(inside, skin)[:, MIDDLE].mean(axis=1)
    upper = _end(profile)
    lower = _end(profile[::-1])
    if upper + lower > 0.95:  # one row of teeth fills the mouth
        lower = 0.0
    return TeethEdges(upper, lower)


def _end(profile: NDArray[np.float32]) -> float:
    """Where what begins in the profile's first part ends, as a share of its length."""
    (begun,) = np.nonzero(profile[: round(HIGHEST * ROWS)] > 0.5)
    if not len(begun):
        return 0.0
    (ended,) = np.nonzero(profile[begun[0] :] < 0.5)
    return float(begun[0] + ended[0]) / ROWS if len(ended) else 1.0
