"""What an open mouth shows: a dark cavity, the upper teeth on the skull, the tongue on the jaw.

Painted once a portrait in its own light; a frame only shifts the jaw's part, shades what lies
under the upper lip and cuts everything to the lips' inner lines. Teeth widths are anatomical
means over an interpupillary distance of 63 mm.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from deployments.lipsync.mouth_field import MouthField
from media.face import Picture

Image = NDArray[np.float32]

CAVITY: Final = (58.0, 24.0, 24.0)
TONGUE: Final = (176.0, 92.0, 90.0)
TEETH: Final = (228.0, 216.0, 203.0)
"""sRGB under a face lit to REFERENCE."""
REFERENCE: Final = 165.0
TINT: Final = 0.4
"""How much of the skin's tint, an exponent, light inside the mouth takes on."""
GAPS: Final = (0.0, 0.135, 0.235, 0.335, 0.415)
"""Where one upper tooth ends and the next begins, in face units from the middle."""
TOOTH_EDGE: Final = 0.036
"""How far the incisors reach below the resting upper lip, in face units."""
SHOWS_TEETH: Final = 0.035
"""A mouth open by more than this in the picture lends its own teeth, in face units."""


@dataclass(frozen=True, slots=True, eq=False)
class Interior:
    """Layers in the pixels of a box inside the mouth's rectangle."""

    x: int
    y: int
    width: int
    height: int
    skull: Image
    """(height, width, 4): teeth, premultiplied by the last channel, alpha 0 to 1."""
    jaw: Image
    """(2 * height, width, 3): tongue over cavity, in the jaw's frame, to be read at an offset."""
    unit: float


def paint_interior(field: MouthField, rgb: Picture) -> Interior:
    """Paint the layers for a portrait whose mouth rectangle shows `rgb` (height, width, 3)."""
    lips = np.vstack([field.upper_lip, field.lower_lip])
    unit = field.unit
    margin = np.array([0.06, 0.12]) * unit
    low = lips.min(axis=0) - margin
    high = lips.max(axis=0) + margin * (1, 4)
    x, y = (int(max(0, v)) for v in low)
    width = int(min(rgb.shape[1], np.ceil(high[0]))) - x
    height = int(min(rgb.shape[0], np.ceil(high[1]))) - y
    gain = _light(field, rgb)
    skull = _teeth(field, (x, y, width, height), gain)
    own = _own_teeth(field, rgb, (x, y, width, height))
    if own is not None:
        skull = own + skull * (1 - own[..., 3:])
    return Interior(x, y, width, height, skull, _jaw(field, (x, y, width, height), gain), unit)


def _light(field: MouthField, rgb: Picture) -> NDArray[np.float32]:
    """(3,) gains: brightness of the skin beside the mouth against REFERENCE, with its tint."""
    left, right = field.lower_lip[0], field.lower_lip[-1]
    beside = np.array([0.15 * field.unit, 0.0])
    reach = max(2, int(0.08 * field.unit))
    colours = []
    for x, y in (left - beside, right + beside):
        cx, cy = int(x), int(y)
        region = rgb[max(0, cy - reach) : cy + reach, max(0, cx - reach) : cx + reach]
        if region.size:
            colours.append(region.reshape(-1, 3).mean(axis=0))
    skin = np.mean(colours, axis=0) if colours else np.full(3, REFERENCE)
    level = max(1.0, float(skin.mean()))
    tint = (skin / level) ** TINT
    return np.asarray(np.clip(level / REFERENCE, 0.3, 1.15) * tint, np.float32)


def _axes(
    field: MouthField, box: tuple[int, int, int, int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
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


def _teeth(field: MouthField, box: tuple[int, int, int, int], gain: NDArray[np.float32]) -> Image:
    """Upper teeth: an arch whose light falls off to the sides, parted by soft lines."""
    u, v = _axes(field, box)
    soft = 1.2 / field.unit
    arch = TOOTH_EDGE - 0.18 * u**2
    scallop = 0.004 * sum(np.exp(-(((np.abs(u) - gap) / 0.02) ** 2)) for gap in GAPS)
    alpha = np.clip((arch - scallop - v) / soft + 0.5, 0, 1) * np.clip(
        (0.44 - np.abs(u)) / 0.05, 0, 1
    )
    light = np.clip(1.0 - 4.2 * u**2, 0.12, 1)
    for gap in GAPS:
        light *= 1 - 0.09 * np.exp(-(((np.abs(u) - gap) / 0.011) ** 2))
    colour = np.asarray(TEETH, np.float32) * gain * light[..., None]
    return np.dstack([colour * alpha[..., None], alpha]).astype(np.float32)


def _own_teeth(field: MouthField, rgb: Picture, box: tuple[int, int, int, int]) -> Image | None:
    """The picture's own teeth where its mouth is open, upper part only: the lower moves away."""
    x, y, width, height = box
    gap = float((field.lower_lip[:, 1] - field.upper_lip[:, 1]).max())
    if gap < SHOWS_TEETH * field.unit:
        return None
    mask = lip_mask(field.upper_lip, field.lower_lip, (x, y, width, height))
    margin = max(1, int(0.012 * field.unit))
    inner = cv2.erode(mask, np.ones((2 * margin + 1, 2 * margin + 1), np.uint8))
    weight = cv2.GaussianBlur(inner.astype(np.float32) / 255, (0, 0), 0.01 * field.unit + 0.5)
    top = _line(field.upper_lip, x, width)
    ys = np.arange(y, y + height, dtype=np.float32)[:, None]
    weight *= np.clip((0.95 - (ys - top) / gap) / 0.25, 0, 1)
    part = rgb[y : y + height, x : x + width].astype(np.float32)
    return np.dstack([part * weight[..., None], weight]).astype(np.float32)


def _jaw(field: MouthField, box: tuple[int, int, int, int], gain: NDArray[np.float32]) -> Image:
    """Cavity and tongue in the jaw's frame: row `height` lies on the resting lower lip's row."""
    x, y, width, height = box
    u, v = _axes(field, (x, y - height, width, 2 * height))
    lip = float(field.lower_lip[5, 1] - field.upper_lip[5, 1]) / field.unit
    v = v - lip
    depth = np.clip(0.55 + 0.9 * v + 0.8 * np.abs(u), 0.0, 1.0)[..., None]
    cavity = np.asarray(CAVITY, np.float32) * (0.45 + 0.35 * depth)
    hill = 1 - (u / 0.30) ** 2
    tongue = np.clip((v + 0.085 * np.clip(hill, 0, 1)) / 0.06, 0, 1) * np.clip(hill * 3, 0, 1)
    tongue = (tongue * tongue * (3 - 2 * tongue))[..., None] * 0.85
    groove = 1 - 0.18 * np.exp(-((u / 0.025) ** 2))[..., None]
    colour = cavity * (1 - tongue) + np.asarray(TONGUE, np.float32) * 0.72 * groove * tongue
    return np.asarray(colour * gain, np.float32)


def lip_mask(
    upper: NDArray[np.float32], lower: NDArray[np.float32], box: tuple[int, int, int, int]
) -> NDArray[np.uint8]:
    """(height, width) coverage of the area between two lip lines, antialiased."""
    x, y, width, height = box
    outline = np.vstack([upper, lower[::-1]]) - (x, y)
    mask = np.zeros((height, width), np.uint8)
    fixed = np.round(outline * 16).astype(np.int32)
    cv2.fillPoly(mask, [fixed], 255, lineType=cv2.LINE_AA, shift=4)
    return mask


def _line(lip: NDArray[np.float32], x: int, width: int) -> NDArray[np.float32]:
    order = np.argsort(lip[:, 0])
    xs = np.arange(x, x + width, dtype=np.float32)
    return np.asarray(np.interp(xs, lip[order, 0], lip[order, 1]), np.float32)


def show_interior(
    interior: Interior,
    upper: NDArray[np.float32],
    lower: NDArray[np.float32],
    jaw_drop: float,
    rgb: Picture,
) -> None:
    """Blend the interior between the lip lines into the warped rectangle `rgb`, in place.

    `jaw_drop`: pixels that the jaw has moved down from where it rests.
    """
    opening = float((lower[:, 1] - upper[:, 1]).max())
    if opening < 0.3:
        return
    top = max(0, int(min(upper[:, 1].min(), lower[:, 1].min())) - 2 - interior.y)
    bottom = min(interior.height, int(np.ceil(lower[:, 1].max())) + 3 - interior.y)
    if bottom <= top:
        return
    box = (interior.x, interior.y + top, interior.width, bottom - top)
    mask = cv2.GaussianBlur(lip_mask(upper, lower, box), (0, 0), 0.5 + 0.006 * interior.unit)
    weight = mask.astype(np.float32)[..., None] * (1 / 255)
    offset = round(interior.height - jaw_drop)
    offset = max(0, min(interior.height, offset))
    painted = interior.jaw[offset + top : offset + bottom].copy()
    teeth = interior.skull[top:bottom]
    painted *= 1 - teeth[..., 3:]
    painted += teeth[..., :3]
    ys = np.arange(box[1], box[1] + box[3], dtype=np.float32)[:, None]
    under = (ys - _line(upper, box[0], box[2])) / interior.unit
    painted *= np.clip(0.38 + under / 0.05, 0.38, 1)[..., None]
    part = rgb[box[1] : box[1] + box[3], box[0] : box[0] + box[2]]
    blended = part + (painted - part) * weight
    part[:] = np.clip(blended + 0.5, 0, 255)
