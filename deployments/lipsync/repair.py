"""The network that repairs a warped mouth: teeth, tongue and shading that a warp can't know.

It looks at an upright crop in face units, whatever the picture's size, and gives what to add; that
is carried back onto the rectangle. `training/lips` makes the network.
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
from deployments.lipsync.mouth_geometry import lip_mask
from media.errors import AvatarError
from media.face import Picture
from media.shipped import read_shipped

SHIPPED: Final = Path(__file__).with_name("repair.onnx")
SHIPPED_SHA256: Final = "bbb2b4940b50c805cc21443fd8a1cd3cf0e555512ff93555d8851a1bbda01b83"
"""Network and digest; `training/lips` says where it comes from and makes it."""
SCALE: Final = 89.0
"""Pixels of the crop a face unit."""
WIDTH, HEIGHT = 128, 88
BELOW: Final = 0.14
"""Face units from the closed lips' middle down to the crop's."""


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where a portrait's crop lies in its mouth's rectangle."""

    forward: NDArray[np.float64]
    """(2, 3): from the rectangle to the crop."""
    to_rectangle: NDArray[np.float64]
    """(2, 3): from the crop to `region` of the rectangle."""
    region: tuple[slice, slice]
    """Rows and columns of the rectangle that the crop covers."""
    source: NDArray[np.uint8]
    """(3, HEIGHT, WIDTH): the portrait's own mouth."""


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
        if [list(given.shape[1:]) for given in session.get_inputs()] != [[8, HEIGHT, WIDTH]]:
            raise _unusable(path)
        return cls(session)

    def warm_up(self) -> None:
        """Run the network once."""
        self._session.run(None, {"given": np.zeros((1, 8, HEIGHT, WIDTH), np.uint8)})

    def repair(self, place: Place, rgbs: Sequence[Picture], moved: Sequence[Moved]) -> None:
        """Repair warped mouth rectangles (height, width, 3) in place."""
        given = np.empty((len(rgbs), 8, HEIGHT, WIDTH), np.uint8)
        for crop, rgb, lips in zip(given, rgbs, moved, strict=True):
            crop[:3] = _crop(place.forward, rgb)
            crop[3:6] = place.source
            crop[6] = _mask(place, lips.upper_lip, lips.lower_lip)
            crop[7] = _mask(place, lips.upper_outline, lips.lower_outline)
        (added,) = self._session.run(None, {"given": given})
        for rgb, change in zip(rgbs, added, strict=True):
            part = rgb[place.region]
            size = (part.shape[1], part.shape[0])
            drawn = cv2.warpAffine(
                np.ascontiguousarray(change.transpose(1, 2, 0)), place.to_rectangle, size
            )
            cv2.add(part, drawn, dst=part, dtype=cv2.CV_8U)


def _unusable(path: Path) -> AvatarError:
    return AvatarError(
        "weights_missing",
        f"{path.name} is no network that repairs mouths: make one with training/lips.",
    )


def find_place(field: MouthField, frame: FaceFrame, rgb: Picture) -> Place:
    """Where the crop lies in a portrait whose mouth rectangle shows `rgb`."""
    mouth = (field.upper_lip[5] + field.lower_lip[5]) / 2
    forward = frame.upright(SCALE, mouth, np.array([WIDTH / 2, HEIGHT / 2 - BELOW * SCALE]))
    corners = np.array([(0, 0), (WIDTH, 0), (0, HEIGHT), (WIDTH, HEIGHT)], np.float64)
    back = np.asarray(cv2.invertAffineTransform(forward), np.float64)
    covered = corners @ back[:, :2].T + back[:, 2]
    height, width = rgb.shape[:2]
    left, top = np.clip(np.floor(covered.min(axis=0)), 0, (width - 1, height - 1)).astype(int)
    right, bottom = np.clip(np.ceil(covered.max(axis=0)) + 1, 1, (width, height)).astype(int)
    back[:, 2] -= (left, top)
    region = (slice(int(top), int(bottom)), slice(int(left), int(right)))
    return Place(forward, back, region, _crop(forward, rgb))


def _crop(forward: NDArray[np.float64], rgb: Picture) -> NDArray[np.uint8]:
    """(3, HEIGHT, WIDTH); large rectangles are made whole times smaller first, not to alias."""
    shrink = max(1, int(1 / (1.4 * np.sqrt(np.linalg.det(forward[:, :2])))))
    if shrink > 1:
        height, width = (side // shrink for side in rgb.shape[:2])
        whole = rgb[: height * shrink, : width * shrink]
        rgb = np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        axes = forward[:, :2]
        offset = forward[:, 2] + (shrink - 1) / 2 * axes.sum(axis=1)
        forward = np.column_stack([axes * shrink, offset])
    crop = cv2.warpAffine(rgb, forward, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    return np.ascontiguousarray(np.asarray(crop, np.uint8).transpose(2, 0, 1))


def _mask(
    place: Place, upper: NDArray[np.float32], lower: NDArray[np.float32]
) -> NDArray[np.uint8]:
    above, below = (
        (line @ place.forward[:, :2].T + place.forward[:, 2]).astype(np.float32)
        for line in (upper, lower)
    )
    return lip_mask(above, below, (0, 0, WIDTH, HEIGHT))
