"""The network that repairs a warped mouth: teeth, tongue and shading that a warp can't know.

It looks at an upright crop in face units and says what to add. `training/lips` makes it. It takes
and gives blocks of 2 x 2 pixels as channels, so that no byte is moved twice; what it adds is kept
to the lips here, where only their box need be gone through.
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
from deployments.lipsync.mouth_field import MouthField, Moved
from deployments.lipsync.mouth_geometry import Box
from deployments.lipsync.repair_crop import (
    HEIGHT,
    WIDTH,
    Crop,
    add,
    find_crop,
    lips_seen,
    look,
)
from media.errors import AvatarError
from media.patch import Planes
from media.shipped import read_shipped

SHIPPED: Final = Path(__file__).with_name("repair.onnx")
SHIPPED_SHA256: Final = "1c53aa63d11e10b66c73e46f839c18d5ef2124a7cb6d576c1995ea74fd6cd4f5"
"""Network and digest; `training/lips` says where it comes from and makes it."""
DILATE, BLUR = 9, 7
"""Pixels by which the repair reaches beyond the lips, and over which it fades."""
SMOOTH, RIM = 9, 5
"""Lips keep the photo's own texture: there the repair is a mean over SMOOTH pixels, all but for a
rim of the inside."""
ROWS, COLUMNS = HEIGHT // 2, WIDTH // 2
"""Of blocks."""

Mask = NDArray[np.uint8]
Image = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where the network looks in a portrait's mouth rectangle, and what is there by itself."""

    crop: Crop
    source: NDArray[np.uint8]
    """(12, ROWS, COLUMNS): the portrait's own mouth as blocks."""


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
        if [list(given.shape[1:]) for given in session.get_inputs()] != [[32, ROWS, COLUMNS]]:
            raise _unusable(path)
        return cls(session)

    def warm_up(self) -> None:
        """Run the network once."""
        self.answer(np.zeros((1, 32, ROWS, COLUMNS), np.uint8))

    def answer(self, blocks: NDArray[np.uint8]) -> Image:
        """(n, 12, ROWS, COLUMNS) for (n, 32, ROWS, COLUMNS): 1 is half the range of 0 to 255."""
        (added,) = self._session.run(None, {"blocks": blocks})
        return np.asarray(added, np.float32)

    def repair(self, place: Place, mouths: Sequence[Planes], moved: Sequence[Moved]) -> None:
        """Repair warped mouth rectangles in place."""
        blocks = np.empty((len(mouths), 32, ROWS, COLUMNS), np.uint8)
        masks = []
        for each, mouth, lips in zip(blocks, mouths, moved, strict=True):
            inner = lips_seen(place.crop, lips.upper_lip, lips.lower_lip)
            outer = lips_seen(place.crop, lips.upper_outline, lips.lower_outline)
            to_blocks(look(place.crop, mouth), each[:12])
            each[12:24] = place.source
            to_blocks(inner[..., None], each[24:28])
            to_blocks(outer[..., None], each[28:])
            masks.append((inner, outer))
        for mouth, added, (inner, outer) in zip(mouths, self.answer(blocks), masks, strict=True):
            box = reached(outer)
            if box[2] and box[3]:
                add(place.crop, mouth, kept_to_lips(added, inner, outer, box), box)


def find_place(field: MouthField, frame: FaceFrame, mouth: Planes) -> Place:
    """Where the network looks in a portrait whose mouth rectangle shows `mouth`."""
    crop = find_crop(field, frame)
    source = np.empty((12, ROWS, COLUMNS), np.uint8)
    to_blocks(look(crop, mouth), source)
    return Place(crop, source)


def to_blocks(image: NDArray[np.uint8], blocks: NDArray[np.uint8]) -> None:
    """Write (HEIGHT, WIDTH, n) as (4 n, ROWS, COLUMNS), as torch's `pixel_unshuffle` orders it."""
    parted = image.reshape(ROWS, 2, COLUMNS, 2, -1).transpose(4, 1, 3, 0, 2)
    blocks.reshape(-1, 2, 2, ROWS, COLUMNS)[:] = parted


def reached(outer: Mask) -> Box:
    """The even box of the crop in which the repair of these lips may act, and its mean reaches."""
    left, top, width, height = cv2.boundingRect(outer)
    margin = (DILATE + BLUR + SMOOTH) // 2
    if not width:
        return (0, 0, 0, 0)
    x, y = (max(0, at - margin) // 2 * 2 for at in (left, top))
    right, bottom = min(WIDTH, left + width + margin), min(HEIGHT, top + height + margin)
    return (x, y, -(-(right - x) // 2) * 2, -(-(bottom - y) // 2) * 2)


def kept_to_lips(added: Image, inner: Mask, outer: Mask, box: Box) -> Image:
    """(height, width, 3) of 0 to 255: what the network adds in a box of the crop.

    In full inside the mouth, as a mean on the lips, nothing beyond. `added`: (12, ROWS, COLUMNS).
    """
    x, y, width, height = box
    part = added.reshape(3, 2, 2, ROWS, COLUMNS)[
        ..., y // 2 : (y + height) // 2, x // 2 : (x + width) // 2
    ]
    whole = np.empty((height, width, 3), np.float32)
    for row in (0, 1):
        pixels = [part[colour, row, column] for column in (0, 1) for colour in range(3)]
        whole[row::2] = cv2.merge(pixels).reshape(height // 2, width, 3)
    where = np.s_[y : y + height, x : x + width]
    smooth = cv2.blur(whole, (SMOOTH, SMOOTH))
    whole -= smooth
    whole *= _wide(inner[where], RIM, RIM, 1 / 255)
    whole += smooth
    whole *= _wide(outer[where], DILATE, BLUR, 127.5 / 255)
    return whole


def _wide(mask: Mask, size: int, blur: int, scale: float) -> Image:
    """(height, width, 1): a mask grown and made soft."""
    grown = cv2.dilate(mask, np.ones((size, size), np.uint8))
    return np.asarray(cv2.blur(grown, (blur, blur)), np.float32)[..., None] * np.float32(scale)


def _unusable(path: Path) -> AvatarError:
    return AvatarError(
        "weights_missing",
        f"{path.name} is no network that repairs mouths: make one with training/lips.",
    )
