"""The portrait as planes that patches are pasted on and whose head a pose moves."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from media.colour import chroma, to_i420
from media.face import Portrait
from media.patch import Frame, Patch, Planes, Pose

FACE_OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378)
FACE_OVAL += (400, 377, 152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21)
FACE_OVAL += (54, 103, 67, 109)


@dataclass(frozen=True, slots=True, eq=False)
class HeadRegion:
    """Where a pose moves the picture: a rectangle on the chroma grid with a falling weight."""

    x: int
    y: int
    """Left and top in luma pixels, even."""
    weight: NDArray[np.float32]
    """(height, width) in luma pixels: 1 on the face, 0 at the rectangle's rim."""
    pivot: tuple[float, float]
    """Where the head turns: under the chin, in luma pixels of the picture."""


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
    oval = points[list(FACE_OVAL)]
    left, top = oval.min(axis=0)
    right, bottom = oval.max(axis=0)
    width, height = right - left, bottom - top
    x0, x1 = _even_span(left - 0.55 * width, right + 0.55 * width, shape[1])
    y0, y1 = _even_span(top - 0.65 * height, bottom + 0.45 * height, shape[0])
    ys, xs = np.mgrid[y0:y1, x0:x1].astype(np.float32)
    radius = np.hypot(
        (xs - (left + right) / 2) / (1.05 * width), (ys - (top + 0.45 * height)) / (1.05 * height)
    )
    weight = np.clip((1.0 - radius) / 0.5, 0, 1)
    weight = weight * weight * (3 - 2 * weight)
    rim = np.minimum.reduce([xs - x0, x1 - 1 - xs, ys - y0, y1 - 1 - ys])
    # A head cut by the picture's edge fades out there, or its edge would show.
    weight *= np.clip(rim / max(4.0, 0.06 * float(width)), 0, 1)
    pivot = (float(left + right) / 2, float(bottom + 0.15 * height))
    return HeadRegion(x0, y0, weight.astype(np.float32), pivot)


def _even_span(low: float, high: float, limit: int) -> tuple[int, int]:
    start = max(0, int(low) // 2 * 2)
    stop = min(limit, -(-int(np.ceil(high)) // 2) * 2)
    return start, stop


class Painter:
    """Paints one segment's frames in order; the portrait shows wherever no patch lies.

    One object a segment: it restores only what the frame before had changed.
    """

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._planes = canvas.planes.copy()
        self._dirty: list[tuple[int, int, int, int]] = []

    def paint(self, frame: Frame) -> Planes:
        """Planes of the frame; valid until the next call."""
        for rectangle in self._dirty:
            _copy(self._planes, self._canvas.planes, rectangle)
        self._dirty = []
        for patch in frame.patches:
            self._paste(patch)
        if not frame.pose.at_rest:
            self._move_head(frame.pose)
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
        head, height = self._canvas.head, self._canvas.height
        tall, wide = head.weight.shape
        dx, dy = displacement(head, pose)
        ys, xs = np.mgrid[0:tall, 0:wide].astype(np.float32)
        luma = self._planes[head.y : head.y + tall, head.x : head.x + wide]
        luma[:] = _remap(luma, xs - dx, ys - dy)
        small = (wide // 2, tall // 2)
        half_dx, half_dy = (
            cv2.resize(field, small, interpolation=cv2.INTER_AREA) * 0.5 for field in (dx, dy)
        )
        ys, xs = np.mgrid[0 : tall // 2, 0 : wide // 2].astype(np.float32)
        for plane in chroma(self._planes, height):
            part = plane[
                head.y // 2 : head.y // 2 + tall // 2, head.x // 2 : head.x // 2 + wide // 2
            ]
            part[:] = _remap(part, xs - half_dx, ys - half_dy)
        self._dirty.append((head.x, head.y, wide, tall))


def displacement(head: HeadRegion, pose: Pose) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """How far each luma pixel of the region moves, in pixels: a similarity faded by the weight."""
    tall, wide = head.weight.shape
    xs = (np.arange(wide, dtype=np.float32) + (head.x - head.pivot[0]))[None]
    ys = (np.arange(tall, dtype=np.float32) + (head.y - head.pivot[1]))[:, None]
    dx = head.weight * (pose.dx + pose.scale * xs - pose.roll * ys)
    dy = head.weight * (pose.dy + pose.roll * xs + pose.scale * ys)
    return dx, dy


def _remap(plane: Planes, xs: NDArray[np.float32], ys: NDArray[np.float32]) -> Planes:
    return np.asarray(
        cv2.remap(plane.copy(), xs, ys, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def _copy(target: Planes, source: Planes, rectangle: tuple[int, int, int, int]) -> None:
    x, y, wide, tall = rectangle
    height = source.shape[0] * 2 // 3
    target[y : y + tall, x : x + wide] = source[y : y + tall, x : x + wide]
    for to, of in zip(chroma(target, height), chroma(source, height), strict=True):
        half = np.s_[y // 2 : (y + tall) // 2, x // 2 : (x + wide) // 2]
        to[half] = of[half]
