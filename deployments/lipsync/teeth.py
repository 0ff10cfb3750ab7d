"""Teeth: those that the picture shows, and painted rows in the face's own light.

Widths are anatomical means over an interpupillary distance of 63 mm. A layer is (rows, width, 4),
premultiplied by its last channel, alpha 0 to 1.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from deployments.lipsync.layers import Image
from deployments.lipsync.mouth_field import MouthField
from deployments.lipsync.mouth_geometry import Box, lip_mask, lip_row, mouth_axes
from deployments.lipsync.teeth_seen import find_edges, teeth_colour, unroll
from media.face import Picture

GAPS: Final = (0.0, 0.135, 0.235, 0.335, 0.415)
LOWER_GAPS: Final = (0.0, 0.085, 0.175, 0.265)
"""Where one tooth ends and the next begins, in face units from the middle."""
SHOWS_TEETH: Final = 0.035
"""A mouth open by more than this in the picture lends its own teeth, in face units."""


def upper_teeth(field: MouthField, box: Box, colour: NDArray[np.float32], edge: float) -> Image:
    """Upper teeth: an arch whose light falls off to the sides, parted by soft lines."""
    u, v = mouth_axes(field, box)
    soft = 1.2 / field.unit
    arch = edge - 0.18 * u**2
    scallop = 0.004 * sum(np.exp(-(((np.abs(u) - gap) / 0.02) ** 2)) for gap in GAPS)
    alpha = np.clip((arch - scallop - v) / soft + 0.5, 0, 1) * np.clip(
        (0.44 - np.abs(u)) / 0.05, 0, 1
    )
    return _row_of_teeth(u, alpha, GAPS, colour)


def lower_teeth(field: MouthField, box: Box, colour: NDArray[np.float32]) -> Image:
    """Lower teeth, narrower, in the jaw's frame as `_jaw`."""
    x, y, width, height = box
    u, v = mouth_axes(field, (x, y - height, width, 2 * height))
    v = v - float(field.lower_lip[5, 1] - field.upper_lip[5, 1]) / field.unit
    alpha = np.clip((v - 0.15 * u**2) * field.unit / 1.2 + 0.5, 0, 1) * np.clip(
        (0.32 - np.abs(u)) / 0.05, 0, 1
    )
    return _row_of_teeth(u, alpha, LOWER_GAPS, colour)


def _row_of_teeth(
    u: NDArray[np.float32],
    alpha: NDArray[np.floating],
    gaps: tuple[float, ...],
    colour: NDArray[np.float32],
) -> Image:
    light = np.clip(1.0 - 4.2 * u**2, 0.12, 1)
    for gap in gaps:
        light *= 1 - 0.09 * np.exp(-(((np.abs(u) - gap) / 0.011) ** 2))
    shaded = colour * light[..., None]
    return np.dstack([shaded * alpha[..., None], alpha]).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class OwnTeeth:
    """Upper teeth that a picture shows."""

    weight: NDArray[np.float32]
    """(rectangle): where the picture shows them."""
    colour: NDArray[np.float32]
    edge: float
    """Row where they end in the middle."""


def own_teeth(field: MouthField, rgb: Picture, skin: NDArray[np.float32]) -> OwnTeeth | None:
    """The picture's own upper teeth where its mouth is open; the lower ones move away."""
    gap = float((field.lower_lip[:, 1] - field.upper_lip[:, 1]).max())
    if gap < SHOWS_TEETH * field.unit:
        return None
    inside = unroll(rgb, field.upper_lip, field.lower_lip)
    colour = teeth_colour(inside, skin)
    reach = find_edges(inside, skin).upper
    if colour is None or not reach:
        return None
    height, width = rgb.shape[:2]
    mask = lip_mask(field.upper_lip, field.lower_lip, (0, 0, width, height))
    margin = max(1, int(0.012 * field.unit))
    inner = cv2.erode(mask, np.ones((2 * margin + 1, 2 * margin + 1), np.uint8))
    weight = cv2.GaussianBlur(inner.astype(np.float32) / 255, (0, 0), 0.01 * field.unit + 0.5)
    top, bottom = (lip_row(lip, 0, width) for lip in (field.upper_lip, field.lower_lip))
    ys = np.arange(height, dtype=np.float32)[:, None]
    share = (ys - top) / np.maximum(bottom - top, 1.0)
    weight *= np.clip((min(reach, 0.95) + 0.05 - share) / 0.15, 0, 1)
    edge = float(field.upper_lip[5, 1]) + reach * gap
    return OwnTeeth(np.asarray(weight, np.float32), colour, edge)


def paste(own: OwnTeeth, rgb: Picture, box: Box) -> Image:
    """The layer of a picture's own teeth."""
    x, y, width, height = box
    part = np.s_[y : y + height, x : x + width]
    weight = own.weight[part][..., None]
    return np.dstack([rgb[part].astype(np.float32) * weight, weight])
