"""The network's mouth on the portrait: matched in colour, sharpened, feathered, as a patch."""

from dataclasses import dataclass
from typing import Final, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from deployments.lipsync.wav2lip.place import Place
from media.colour import to_i420
from media.patch import Patch

Shown = NDArray[np.float32]
"""(rows, columns, 3): the shown part of the network's picture, RGB, 0 to 1."""

FARTHEST: Final = 0.15
"""The most that colours are moved: beyond it something else is wrong."""
STIFFNESS: Final = 0.02
"""How much a slope of the correction costs, against skin that would like one."""
SHARPENED: Final = 1.0
"""Pixels of the network's picture over which it is sharpened."""


@dataclass(frozen=True, slots=True, eq=False)
class Matcher:
    """Moves colours so that the painted skin passes into the portrait's.

    What is added changes linearly over the picture, so that light from a side is met too. It is
    the least-squares fit over the skin where the mask passes.
    """

    skin: tuple[NDArray[np.intp], NDArray[np.intp]]
    wanted: NDArray[np.float32]
    """(pixels, 3): the portrait there."""
    fit: NDArray[np.float32]
    """(3, pixels): from what is missing there to constant, slope across, slope down."""
    basis: NDArray[np.float32]
    """(rows, columns, 3)."""

    @classmethod
    def of(cls, place: Place) -> Self:
        """Prepare the fit; with hardly any skin to go by, nothing is moved."""
        height, width = place.skin.shape
        ys, xs = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        basis = np.stack([np.ones_like(xs), xs, ys], axis=-1).astype(np.float32)
        rows, columns = np.nonzero(place.skin)
        at = basis[rows, columns].astype(np.float64)
        ridge = np.diag([1e-9, STIFFNESS, STIFFNESS]) * max(1, len(at))
        fit = np.linalg.solve(at.T @ at + ridge, at.T) if len(at) > 30 else np.zeros((3, len(at)))
        wanted = place.shown[rows, columns]
        return cls((rows, columns), wanted, fit.astype(np.float32), basis)

    def match(self, picture: Shown) -> Shown:
        """The picture in the portrait's colours."""
        missing = self.wanted - picture[self.skin]
        added = np.clip(self.basis @ (self.fit @ missing), -FARTHEST, FARTHEST)
        return np.asarray(picture + added, np.float32)


def sharpen(picture: Shown, amount: float) -> Shown:
    """An unsharp mask: `amount` of what blurring would take away is added; 0 changes nothing."""
    if amount == 0:
        return picture
    blurred = cv2.GaussianBlur(picture, (0, 0), SHARPENED, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(picture + amount * (picture - blurred), np.float32)


def paste(place: Place, picture: Shown, share: float = 1.0) -> Patch:
    """The mouth's rectangle with so much of the picture in it; the portrait where the mask is 0."""
    box, size = place.rectangle, (place.rectangle.width, place.rectangle.height)
    small = np.clip(picture * 255 + 0.5, 0, 255).astype(np.uint8)
    large = cv2.warpAffine(
        small, place.onto, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    weight = place.mask * np.float32(share)
    rgb = cv2.blendLinear(large, place.source, weight, 1 - weight)
    return Patch(box.x, box.y, to_i420(np.asarray(rgb, np.uint8)))
