"""The portrait as planes that patches are pasted on and whose head a pose moves."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from media.colour import chroma, to_i420
from media.face import Portrait
from media.label import label_for
from media.patch import Frame, Patch, Planes, Pose

FACE_SIDES: Final = (10, 454, 152, 234)
"""Mesh points at the face's top, left, bottom and right."""
COARSE: Final = 8.0
"""Pixels between nodes of the grid that the head's movement is computed on; it is smooth."""


@dataclass(frozen=True, slots=True, eq=False)
class HeadRegion:
    """Where a pose moves the picture: a rectangle whose movement dies out towards its rim."""

    x: int
    y: int
    width: int
    height: int
    """In luma pixels, all even."""
    weight: NDArray[np.float32]
    """(rows, columns) of a coarse grid over the rectangle: 1 on the face, 0 at the rim."""
    across: NDArray[np.float32]
    down: NDArray[np.float32]
    """(1, columns) and (rows, 1): the nodes' place from the pivot under the chin, luma pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """A portrait converted once."""

    planes: Planes
    head: HeadRegion

    @property
    def width(self) -> int:
        """Width in luma pixels."""
        return int(self.planes.shape[1])

    @property
    def height(self) -> int:
        """Height in luma pixels."""
        return int(self.planes.shape[0]) * 2 // 3


def make_canvas(portrait: Portrait) -> Canvas:
    """Convert the portrait to I420 and measure the region that moves with the head."""
    mesh = portrait.face.mesh
    if mesh is None:
        raise ValueError("a portrait's face needs its mesh")
    return Canvas(to_i420(portrait.rgb), _head_region(mesh[:, :2], portrait.rgb.shape[:2]))


def _head_region(points: NDArray[np.float32], shape: tuple[int, ...]) -> HeadRegion:
    """An ellipse round the head, hair and upper neck included, inside the picture."""
    sides = points[list(FACE_SIDES)]
    left, top = sides.min(axis=0)
    right, bottom = sides.max(axis=0)
    width, height = right - left, bottom - top
    x0, x1 = _even_span(left - 0.55 * width, right + 0.55 * width, shape[1])
    y0, y1 = _even_span(top - 0.65 * height, bottom + 0.45 * height, shape[0])
    xs, ys = _nodes(x1 - x0) + x0, (_nodes(y1 - y0) + y0)[:, None]
    radius = np.hypot(
        (xs - (left + right) / 2) / (1.05 * width), (ys - (top + 0.45 * height)) / (1.05 * height)
    )
    weight = np.clip((1.0 - radius) / 0.5, 0, 1)
    weight = weight * weight * (3 - 2 * weight)
    # A head cut by the picture's edge fades out there, or the edge itself would seem to move.
    rim = np.minimum(np.minimum(xs - x0, x1 - 1 - xs), np.minimum(ys - y0, y1 - 1 - ys))
    weight = weight * np.clip(rim / max(2.0 * COARSE, 0.06 * float(width)) - 0.5, 0, 1)
    return HeadRegion(
        x0,
        y0,
        x1 - x0,
        y1 - y0,
        weight.astype(np.float32),
        (xs - (left + right) / 2).astype(np.float32)[None],
        (ys - (bottom + 0.15 * height)).astype(np.float32),
    )


def _nodes(pixels: int) -> NDArray[np.float32]:
    """Positions of a coarse grid's nodes over a span of pixels, as cv2.resize places them."""
    count = max(2, round(pixels / COARSE))
    return ((np.arange(count, dtype=np.float32) + 0.5) * pixels / count - 0.5).astype(np.float32)


def _even_span(low: float, high: float, limit: int) -> tuple[int, int]:
    start = max(0, int(low) // 2 * 2)
    stop = min(limit, -(-int(np.ceil(high)) // 2) * 2)
    return start, stop


class Painter:
    """Paints one segment's frames in order; the portrait shows wherever no patch lies.

    One object a segment: it restores only what the frame before had changed.
    """

    def __init__(self, canvas: Canvas, *, labelled: bool = False) -> None:
        self._canvas = canvas
        self._label = label_for(canvas.width, canvas.height) if labelled else None
        self._planes = canvas.planes.copy()
        self._dirty: list[tuple[int, int, int, int]] = []

    @property
    def planes(self) -> Planes:
        """What is painted on, the same memory all the time."""
        return self._planes

    def paint(self, frame: Frame) -> Planes:
        """Planes of the frame; valid until the next call."""
        for rectangle in self._dirty:
            _copy(self._planes, self._canvas.planes, rectangle)
        self._dirty = []
        for patch in frame.patches:
            self._paste(patch)
        if not frame.pose.at_rest:
            self._move_head(frame.pose)
        if self._label is not None:  # last: it moves with nothing
            self._label.paste(self._planes)
            self._dirty.append(self._label.rectangle)
        return self._planes

    def _paste(self, patch: Patch) -> None:
        height, tall = self._canvas.height, patch.height
        x, y = patch.x, patch.y
        self._planes[y : y + tall, x : x + patch.width] = patch.planes[:tall]
        for plane, piece in zip(
            chroma(self._planes, height), chroma(patch.planes, tall), strict=True
        ):
            half_y, half_x = y // 2, x // 2
            plane[half_y : half_y + piece.shape[0], half_x : half_x + piece.shape[1]] = piece
        self._dirty.append((x, y, patch.width, tall))

    def _move_head(self, pose: Pose) -> None:
        head = self._canvas.head
        sides = head.x, head.y, head.width, head.height
        luma = self._planes[: self._canvas.height]
        u, v = chroma(self._planes, len(luma))
        shift = displacement(head, pose)
        for planes, scale in (((luma,), 1), ((u, v), 2)):
            x, y, wide, tall = (side // scale for side in sides)
            maps = _sources(shift, scale, (wide, tall))
            for plane in planes:
                part = plane[y : y + tall, x : x + wide]
                part[:] = cv2.remap(part, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        self._dirty.append(sides)


def _sources(
    shift: tuple[NDArray[np.float32], NDArray[np.float32]], scale: int, size: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Columns and rows that a plane's pixels come from; `shift` is of luma pixels, on the grid."""
    places = (
        np.arange(size[0], dtype=np.float32)[None],
        np.arange(size[1], dtype=np.float32)[:, None],
    )
    found = []
    for place, part in zip(places, shift, strict=True):
        moved = cv2.resize(part * np.float32(-1 / scale), size, interpolation=cv2.INTER_LINEAR)
        source = np.asarray(moved, np.float32)
        source += place
        found.append(source)
    return found[0], found[1]


def displacement(head: HeadRegion, pose: Pose) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """How far each node of the head's grid moves, in luma pixels: a faded similarity."""
    dx = head.weight * (pose.dx + pose.scale * head.across - pose.roll * head.down)
    dy = head.weight * (pose.dy + pose.roll * head.across + pose.scale * head.down)
    return dx.astype(np.float32), dy.astype(np.float32)


def _copy(target: Planes, source: Planes, rectangle: tuple[int, int, int, int]) -> None:
    x, y, wide, tall = rectangle
    height = source.shape[0] * 2 // 3
    target[y : y + tall, x : x + wide] = source[y : y + tall, x : x + wide]
    for to, of in zip(chroma(target, height), chroma(source, height), strict=True):
        half = np.s_[y // 2 : (y + tall) // 2, x // 2 : (x + wide) // 2]
        to[half] = of[half]
