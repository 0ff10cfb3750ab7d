"""The visible label: "AI-generated" in a corner of the picture, for people who look at it."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from media.colour import chroma
from media.face import Picture
from media.patch import Planes

WORDS: Final = "AI-generated"
_SHARE, _LEAST = 0.036, 11
"""Height of the letters: a share of the picture's shorter side, and pixels at least."""
_DARK: Final = np.float32(0.58)
"""How much of what lies behind the words is covered, so that they are read on any picture."""
_FINER: Final = 4
"""Times that the plate is drawn larger, for smooth corners."""
_BLACK, _WHITE, _GREY = (np.float32(value) for value in (16, 235, 128))
"""Of luma, and of chroma without colour, in limited range (BT.709)."""
_HALF: Final = np.float32(0.5)  # rounds what is cut to whole numbers


@dataclass(frozen=True, slots=True, eq=False)
class Label:
    """A plate with words: what is kept of the picture below it, and how much of it is white."""

    x: int
    y: int
    """Even, like the sides of the arrays."""
    kept: NDArray[np.float32]
    white: NDArray[np.float32]
    """Shares (height, width), together at most 1; the rest is black."""
    luma: NDArray[np.float32]
    """White and black as they are added to what is kept of the luma plane."""
    kept_chroma: NDArray[np.float32]
    """`kept` at the size of the chroma planes."""

    @property
    def rectangle(self) -> tuple[int, int, int, int]:
        """x, y, width and height of what it covers, in luma pixels."""
        tall, wide = self.kept.shape
        return self.x, self.y, wide, tall

    def paste(self, planes: Planes) -> None:
        """Put it on a frame's planes (I420, limited range)."""
        x, y, wide, tall = self.rectangle
        height = planes.shape[0] * 2 // 3
        below = planes[y : y + tall, x : x + wide]
        below[:] = below * self.kept + self.luma
        for plane in chroma(planes, height):
            part = plane[y // 2 : (y + tall) // 2, x // 2 : (x + wide) // 2]
            part[:] = (part - _GREY) * self.kept_chroma + _GREY + _HALF

    def drawn(self, rgb: Picture) -> Picture:
        """The picture (height, width, 3; sRGB) with it."""
        x, y, wide, tall = self.rectangle
        out = rgb.copy()
        part = out[y : y + tall, x : x + wide]
        part[:] = np.rint(part * self.kept[..., None] + 255 * self.white[..., None])
        return out


@lru_cache(maxsize=16)
def label_for(width: int, height: int) -> Label:
    """The label of pictures of this size (at least 128 by 128), in their lower left corner."""
    letters = max(_LEAST, round(_SHARE * min(width, height)))
    font = ImageFont.load_default(size=letters)
    left, top, right, bottom = (round(side) for side in font.getbbox(WORDS))
    pad_x, pad_y = round(0.55 * letters), round(0.4 * letters)
    wide, tall = _even(right - left + 2 * pad_x), _even(bottom - top + 2 * pad_y)
    words = Image.new("L", (wide, tall))
    at = (wide - (right - left)) / 2 - left, (tall - (bottom - top)) / 2 - top
    ImageDraw.Draw(words).text(at, WORDS, fill=255, font=font)
    plate = Image.new("L", (wide * _FINER, tall * _FINER))
    corners = (0, 0, wide * _FINER - 1, tall * _FINER - 1)
    ImageDraw.Draw(plate).rounded_rectangle(corners, radius=_FINER * 0.3 * tall, fill=255)
    plate = plate.resize((wide, tall), Image.Resampling.BOX)
    white = np.asarray(words, np.float32) / np.float32(255)
    kept = (1 - _DARK * np.asarray(plate, np.float32) / np.float32(255)) * (1 - white)
    margin = _even(round(0.6 * letters))
    luma = _WHITE * white + _BLACK * (1 - kept - white) + _HALF
    half = np.asarray(
        cv2.resize(kept, (wide // 2, tall // 2), interpolation=cv2.INTER_AREA), np.float32
    )
    return Label(margin, (height - margin - tall) // 2 * 2, kept, white, luma, half)


def _even(pixels: int) -> int:
    return pixels + pixels % 2
