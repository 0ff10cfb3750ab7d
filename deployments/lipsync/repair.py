"""The network that repairs a warped mouth: teeth, tongue and shading that a warp can't know.

It looks at an upright crop in face units and says what to add, both in the planes that are encoded:
chroma at half the size. `training/lips` makes it. Blocks of 2 x 2 pixels are its channels; what it
adds is kept to the lips here, where only their box need be gone through.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import cv2
import numpy as np
import onnxruntime  # type: ignore[import-untyped]  # ships no types
from numpy.typing import NDArray

from deployments.lipsync.landmarks import FaceFrame
from deployments.lipsync.mouth_field import MouthField
from deployments.lipsync.mouth_geometry import Box
from deployments.lipsync.mouth_moves import Moved
from deployments.lipsync.repair_crop import (
    HEIGHT,
    WIDTH,
    Change,
    Crop,
    Seen,
    add,
    find_crop,
    lips_seen,
    look,
    way_back,
)
from media.colour import halved
from media.errors import AvatarError
from media.patch import Planes
from media.shipped import read_shipped

SHIPPED: Final = Path(__file__).with_name("repair.onnx")
SHIPPED_SHA256: Final = "c010997bf513e710a1b2333a27e999f135b1237da642cb60ed2cc0490bf3e8e9"
"""Network and digest; `training/lips` says where it comes from and makes it."""
DILATE, BLUR = 9, 7
"""Pixels by which the repair reaches beyond the lips, and over which it fades."""
SMOOTH, RIM = 9, 5
"""Lips keep the photo's own texture: there the repair is a mean over SMOOTH pixels, all but for a
rim of the inside."""
CHROMA_SMOOTH = 5
"""The same in samples of chroma."""
ROWS, COLUMNS = HEIGHT // 2, WIDTH // 2
"""Of blocks."""
OF_PICTURE, GIVEN = 6, 14
"""Channels of a picture's blocks (four of luma, two of chroma), and of all that the network sees:
the warp, the photo's own mouth, the mouth's inside, lips and inside."""

Mask = NDArray[np.uint8]
Image = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where the network looks in a portrait's mouth rectangle, and what is there by itself."""

    crop: Crop
    source: NDArray[np.uint8]
    """(OF_PICTURE, ROWS, COLUMNS): the portrait's own mouth as blocks."""


class Repairer:
    """The network. Thread-safe."""

    def __init__(self, session: Any) -> None:
        self._session = session

    @classmethod
    def load(cls, path: Path | None = None, *, threads: int) -> Self:
        """Open the network at `path`, by default the one that ships with the project.

        Raises AvatarError `weights_missing` where it is absent or another, ValueError where the
        shipped file was changed.
        """
        shipped = None if path else read_shipped(SHIPPED, SHIPPED_SHA256)
        path = path or SHIPPED
        try:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = threads
            session = onnxruntime.InferenceSession(
                shipped or path.read_bytes(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's errors share no base
            raise _unusable(path) from error
        if [list(given.shape[1:]) for given in session.get_inputs()] != [[GIVEN, ROWS, COLUMNS]]:
            raise _unusable(path)
        return cls(session)

    def warm_up(self) -> None:
        """Run the network once."""
        self.answer(np.zeros((1, GIVEN, ROWS, COLUMNS), np.uint8))

    def answer(self, blocks: NDArray[np.uint8]) -> tuple[Image, Image]:
        """What to add for (n, GIVEN, ROWS, COLUMNS), of which 1 is half the range of 0 to 255.

        Luma (n, HEIGHT, WIDTH) and chroma (n, 2, ROWS, COLUMNS).
        """
        luma, halves = self._session.run(None, {"blocks": blocks})
        return luma[:, 0], halves

    def repair(self, place: Place, mouths: Sequence[Planes], moved: Sequence[Moved]) -> None:
        """Repair warped mouth rectangles in place."""
        blocks = np.empty((len(mouths), GIVEN, ROWS, COLUMNS), np.uint8)
        masks = []
        for each, mouth, lips in zip(blocks, mouths, moved, strict=True):
            inner = lips_seen(place.crop, lips.upper_lip, lips.lower_lip)
            outer = lips_seen(place.crop, lips.upper_outline, lips.lower_outline)
            to_blocks(look(place.crop, mouth), each[:OF_PICTURE])
            each[OF_PICTURE : 2 * OF_PICTURE] = place.source
            each[-2:] = halved(inner), halved(outer)
            masks.append((inner, outer))
        box = reached(np.bitwise_or.reduce([outer for _, outer in masks]))
        if not box[2] or not box[3]:
            return
        way = way_back(place.crop, box)
        answers = zip(*self.answer(blocks), strict=True)
        for mouth, added, (inner, outer) in zip(mouths, answers, masks, strict=True):
            add(way, mouth, kept_to_lips(added, inner, outer, box))


def find_place(field: MouthField, frame: FaceFrame, mouth: Planes) -> Place:
    """Where the network looks in a portrait whose mouth rectangle shows `mouth`."""
    crop = find_crop(field, frame)
    source = np.empty((OF_PICTURE, ROWS, COLUMNS), np.uint8)
    to_blocks(look(crop, mouth), source)
    return Place(crop, source)


def to_blocks(seen: Seen, blocks: NDArray[np.uint8]) -> None:
    """Write a picture as (OF_PICTURE, ROWS, COLUMNS), luma as torch's `pixel_unshuffle` has it."""
    luma, u, v = seen
    blocks[:4].reshape(2, 2, ROWS, COLUMNS)[:] = luma.reshape(ROWS, 2, COLUMNS, 2).transpose(
        1, 3, 0, 2
    )
    blocks[4], blocks[5] = u, v


def reached(outer: Mask) -> Box:
    """The even box of the crop in which the repair of these lips may act, and its mean reaches."""
    left, top, width, height = cv2.boundingRect(outer)
    margin = (DILATE + BLUR + SMOOTH) // 2
    if not width:
        return (0, 0, 0, 0)
    x, y = (max(0, at - margin) // 2 * 2 for at in (left, top))
    right, bottom = min(WIDTH, left + width + margin), min(HEIGHT, top + height + margin)
    return (x, y, -(-(right - x) // 2) * 2, -(-(bottom - y) // 2) * 2)


def kept_to_lips(added: tuple[Image, Image], inner: Mask, outer: Mask, box: Box) -> Change:
    """What the network adds in a box of the crop, of 0 to 255.

    In full inside the mouth, as a mean on the lips, nothing beyond. `added`: of one crop, as
    `Repairer.answer` has it.
    """
    x, y, width, height = box
    where = np.s_[y : y + height, x : x + width]
    coarse = np.s_[y // 2 : (y + height) // 2, x // 2 : (x + width) // 2]
    inside = _wide(inner[where], RIM, RIM, 1 / 255)
    near = _wide(outer[where], DILATE, BLUR, 127.5 / 255)
    luma, (u, v) = added
    halves = halved(inside), halved(near)
    return (
        _kept(luma[where], inside, near, SMOOTH),
        _kept(u[coarse], *halves, CHROMA_SMOOTH),
        _kept(v[coarse], *halves, CHROMA_SMOOTH),
    )


def _kept(added: Image, inside: Image, near: Image, size: int) -> Image:
    smooth = np.asarray(cv2.blur(added, (size, size)), np.float32)
    kept = added - smooth
    kept *= inside
    kept += smooth
    kept *= near
    return kept


def _wide(mask: Mask, size: int, blur: int, scale: float) -> Image:
    """A mask grown and made soft."""
    grown = cv2.dilate(mask, np.ones((size, size), np.uint8))
    soft = np.asarray(cv2.blur(grown, (blur, blur)), np.float32)
    soft *= np.float32(scale)
    return soft


def _unusable(path: Path) -> AvatarError:
    return AvatarError(
        "weights_missing",
        f"{path.name} is no network that repairs mouths: make one with training/lips.",
    )
