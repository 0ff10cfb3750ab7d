"""What an open mouth shows: a dark cavity, upper teeth, tongue and lower teeth.

The upper teeth hang on the skull, the rest on the jaw. Painted once a portrait in its own light; a
frame only shifts the layers, shades what lies under the upper lip and cuts everything to the lips'
inner lines.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from deployments.lipsync.layers import Image, Layer, lay_on
from deployments.lipsync.mouth_field import MouthField
from deployments.lipsync.mouth_geometry import (
    Box,
    light_gain,
    lip_mask,
    lip_row,
    mouth_axes,
    skin_colour,
)
from deployments.lipsync.teeth import lower_teeth, own_teeth, paste, upper_teeth
from media.colour import BLACK, GREY, blend, halved
from media.face import Picture
from media.patch import Planes

CAVITY: Final = (58.0, 24.0, 24.0)
TONGUE: Final = (176.0, 92.0, 90.0)
TEETH: Final = (228.0, 216.0, 203.0)
"""sRGB under a face lit to REFERENCE."""
LOWER_SHADE: Final = 0.8
"""Light on the lower teeth against that on the upper ones."""
ALWAYS_BARE: Final = 0.15
"""Part of the upper teeth that is seen even behind rounded lips."""
LOWER_FROM, LOWER_MOST = 0.6, 0.02
"""Lower teeth show from this `bared` on; face units of them that show at most."""
TONGUE_AT_REST: Final = 0.05
"""Face units of the resting tongue above the lower lip."""
TOOTH_EDGE: Final = 0.036
"""How far the incisors reach below the resting upper lip, in face units."""


@dataclass(frozen=True, slots=True, eq=False)
class Interior:
    """Layers over a box inside the mouth's rectangle, in its pixels.

    A layer has 2 * height rows; its row `height // 2` (skull) or `height` (jaw) lies on the box's
    first row while nothing moves.
    """

    x: int
    y: int
    width: int
    height: int
    """All even."""
    skull: Layer
    """Upper teeth."""
    cavity: Layer
    tongue: Layer
    lower: Layer
    """On the jaw; only the cavity is opaque. The lower teeth hide behind the resting lip."""
    edge: float
    """Row of the rectangle where the upper front teeth end."""
    unit: float


@dataclass(frozen=True, slots=True)
class Shown:
    """Teeth that are to be seen, in face units in the mouth's middle."""

    upper: float = 0.0
    """Below the upper lip."""
    lower: float = 0.0
    """Above the lower lip."""
    tongue: float = 0.0
    """How far the tongue is raised from where it rests."""


def what_shows(
    interior: Interior,
    upper: NDArray[np.float32],
    lower: NDArray[np.float32],
    bared: float,
    tongue: float,
) -> Shown:
    """Teeth and tongue of a sound, between lip lines as they are now; see `MouthCurves`."""
    natural = max(0.0, interior.edge - float(upper[5, 1])) / interior.unit
    gap = max(0.0, float(lower[5, 1] - upper[5, 1])) / interior.unit
    teeth = min(natural * (ALWAYS_BARE + (1 - ALWAYS_BARE) * bared), gap)
    below = LOWER_MOST * max(0.0, bared - LOWER_FROM) / (1 - LOWER_FROM)
    return Shown(teeth, min(below, gap - teeth), tongue * max(0.0, gap - teeth - TONGUE_AT_REST))


def paint_interior(
    field: MouthField, rgb: Picture, teeth: NDArray[np.float32] | None = None
) -> Interior:
    """Paint the layers for a portrait whose mouth rectangle shows `rgb`, both sides even.

    `teeth`: (3,) their colour, where it is known better than from this picture.
    """
    lips = np.vstack([field.upper_lip, field.lower_lip])
    unit = field.unit
    margin = np.array([0.06, 0.12]) * unit
    low = lips.min(axis=0) - margin
    high = lips.max(axis=0) + margin * (1, 4)
    x, y = (int(max(0, v)) // 2 * 2 for v in low)
    right, bottom = (min(s, int(np.ceil(v))) for s, v in zip(rgb.shape[1::-1], high, strict=True))
    width, height = (-(-side // 2) * 2 for side in (right - x, bottom - y))
    box = (x, y, width, height)
    skin = skin_colour(field, rgb)
    gain = light_gain(skin)
    own = own_teeth(field, rgb, skin)
    top = float(field.upper_lip[5, 1])
    seen = np.asarray(TEETH, np.float32) * gain if own is None else own.colour
    colour = seen if teeth is None else teeth
    edge = TOOTH_EDGE if own is None else (own.edge - top) / unit
    upper = upper_teeth(field, (x, y - height // 2, width, 2 * height), colour, edge)
    if own is not None:
        pixels = paste(own, rgb, box)
        here = upper[height // 2 : height // 2 + height]
        here[:] = pixels + here * (1 - pixels[..., 3:])
    lower_row = lower_teeth(field, box, colour * LOWER_SHADE)
    skull, cavity, tongue, lower = (
        Layer.of(painted) for painted in (upper, *jaw_layers(field, box, gain), lower_row)
    )
    return Interior(*box, skull, cavity, tongue, lower, top + edge * unit, unit)


def jaw_layers(field: MouthField, box: Box, gain: NDArray[np.float32]) -> tuple[Image, Image]:
    """Cavity (2 height, width, 3) and tongue, with alpha, in the jaw's frame.

    Row `height` lies on the resting lower lip's row.
    """
    x, y, width, height = box
    u, v = mouth_axes(field, (x, y - height, width, 2 * height))
    v = v - float(field.lower_lip[5, 1] - field.upper_lip[5, 1]) / field.unit
    depth = np.clip(0.55 + 0.9 * v + 0.8 * np.abs(u), 0.0, 1.0)[..., None]
    cavity = np.asarray(CAVITY, np.float32) * (0.45 + 0.35 * depth) * gain
    hill = 1 - (u / 0.30) ** 2
    cover = np.clip((v + 0.085 * np.clip(hill, 0, 1)) / 0.06, 0, 1) * np.clip(hill * 3, 0, 1)
    cover = (cover * cover * (3 - 2 * cover))[..., None] * 0.85
    groove = 1 - 0.18 * np.exp(-((u / 0.025) ** 2))[..., None]
    tongue = np.asarray(TONGUE, np.float32) * 0.72 * groove * gain * cover
    return cavity.astype(np.float32), np.dstack([tongue, cover]).astype(np.float32)


def show_interior(
    interior: Interior,
    upper: NDArray[np.float32],
    lower: NDArray[np.float32],
    jaw_drop: float,
    shown: Shown,
    mouth: Planes,
) -> None:
    """Blend the interior between the lip lines into the warped rectangle `mouth`, in place.

    `jaw_drop`: pixels that the jaw has moved down from where it rests.
    """
    opening = float((lower[:, 1] - upper[:, 1]).max())
    if opening < 0.3:
        return
    highest = int(min(upper[:, 1].min(), lower[:, 1].min())) - 2 - interior.y
    top = max(0, highest) // 2 * 2
    bottom = min(interior.height, int(np.ceil(lower[:, 1].max())) + 3 - interior.y)
    bottom += bottom % 2
    if bottom <= top:
        return
    box = (interior.x, interior.y + top, interior.width, bottom - top)
    mask = cv2.GaussianBlur(lip_mask(upper, lower, box), (0, 0), 0.5 + 0.006 * interior.unit)
    unit, height, rows = interior.unit, interior.height, bottom - top
    fall = float(upper[5, 1]) + shown.upper * unit - interior.edge
    jaw = height + top - jaw_drop
    painted = interior.cavity.rows(jaw, rows)
    lay_on(painted, interior.tongue.rows(jaw + shown.tongue * unit, rows))
    if shown.lower > 0:
        lay_on(painted, interior.lower.rows(jaw + shown.lower * unit, rows))
    lay_on(painted, interior.skull.rows(height // 2 + top - fall, rows))
    light = shade(upper, box, unit)
    luma, halves = painted[0][0] * light + BLACK, painted[1] * halved(light) + GREY
    blend(mouth, box, luma, halves, np.asarray(mask, np.uint8))


def shade(upper: NDArray[np.float32], box: Box, unit: float) -> Image:
    """(height, width): the light that the upper lip lets fall on what lies under it."""
    ys = np.arange(box[1], box[1] + box[3], dtype=np.float32)[:, None]
    grows = np.float32(1 / (0.05 * unit))
    light = (ys * grows + np.float32(0.38)) - lip_row(upper, box[0], box[2]) * grows
    return np.asarray(np.clip(light, 0.38, 1, out=light))
