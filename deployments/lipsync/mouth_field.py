"""How the picture round a mouth moves when it opens, widens or closes.

Displacements of mesh points are linear in a few shape numbers. Radial basis functions with the
linear kernel (Duchon's splines in their simplest form) carry them to a coarse grid, once a
portrait; `mouth_moves` makes a frame's movement of them.
The face is two layers that part at the lips: the upper one hangs on the skull, the lower one on
the jaw.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from deployments.lipsync.landmarks import (
    CHIN,
    LOWER_INNER,
    LOWER_OUTER,
    NOSE_BASE,
    UPPER_INNER,
    UPPER_OUTER,
    FaceFrame,
)
from deployments.lipsync.mouth_shapes import mouth_shapes

Field = NDArray[np.float32]

GRID: Final = 40
"""Nodes along the longer side of the coarse grid."""
ENLARGED: Final = 3
"""Frames are drawn from a picture so many times larger (`mouth_rest.Rest`): odd, so that its pixels
are the picture's own where nothing moves."""
FADE: Final = 0.16
"""Face units over which the movement dies out towards the rectangle's rim."""


@dataclass(frozen=True, slots=True)
class Rectangle:
    """An even-aligned rectangle of the picture, in luma pixels."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True, eq=False)
class MouthField:
    """All that a portrait's mouth needs to move. Points are in the rectangle's pixels."""

    rectangle: Rectangle
    upper: NDArray[np.float32]
    lower: NDArray[np.float32]
    """(shapes, rows, columns, 2): displacement of each layer per unit of each shape, in pixels."""
    upper_lip: NDArray[np.float32]
    lower_lip: NDArray[np.float32]
    """(11, 2): inner lip lines at rest, from the picture's left to its right."""
    upper_lip_moves: NDArray[np.float32]
    lower_lip_moves: NDArray[np.float32]
    """(shapes, 11, 2)."""
    outline: NDArray[np.float32]
    """(22, 2): the lips' outer edge at rest, upper line then lower."""
    outline_moves: NDArray[np.float32]
    """(shapes, 22, 2)."""
    fade: Field
    """(height, width): how much of the movement is let through, times ENLARGED."""
    unit: float
    steepness: NDArray[np.float32]
    """(width,): 1 over the pixels in which the layers melt, which are few between the corners."""
    depth: Field
    """(height, width): each row's number times that, and a half."""


def mouth_field(
    mesh: NDArray[np.float32],
    frame: FaceFrame,
    size: tuple[int, int],
    moves: dict[int, NDArray[np.float64]] | None = None,
) -> MouthField:
    """Prepare a portrait of `size` (width, height) pixels for moving its mouth.

    `moves` replaces the displacements of `mouth_shapes` by others, of as many shapes as it has.
    """
    moves = mouth_shapes(mesh, frame) if moves is None else moves
    points = mesh[:, :2].astype(np.float64)
    rectangle = _rectangle(points, frame, size)
    corner = np.array([rectangle.x, rectangle.y])
    on_jaw = {*LOWER_INNER[1:-1], *LOWER_OUTER[1:-1], *CHIN}
    on_skull = {*UPPER_INNER[1:-1], *UPPER_OUTER[1:-1], *NOSE_BASE}
    upper, lower = (
        _layer([p for p in moves if p not in others], moves, points - corner, frame, rectangle)
        for others in (on_jaw, on_skull)
    )
    upper_lip, upper_moves = _lip(UPPER_INNER, moves, points - corner, frame)
    lower_lip, lower_moves = _lip(LOWER_INNER, moves, points - corner, frame)
    outline, outline_moves = _lip((*UPPER_OUTER, *LOWER_OUTER), moves, points - corner, frame)
    steepness = _steepness(upper_lip, rectangle.width)
    return MouthField(
        rectangle,
        upper,
        lower,
        upper_lip,
        lower_lip,
        upper_moves,
        lower_moves,
        outline,
        outline_moves,
        _fade(rectangle, frame.unit, float(points[2, 1]) - rectangle.y),
        frame.unit,
        steepness,
        np.arange(rectangle.height, dtype=np.float32)[:, None] * steepness + np.float32(0.5),
    )


def _rectangle(points: NDArray[np.float64], frame: FaceFrame, size: tuple[int, int]) -> Rectangle:
    mouth = (points[13] + points[14]) / 2
    chin = points[152] + frame.v * 0.35 * frame.unit
    nose = points[2] - frame.v * 0.02 * frame.unit
    reach = 0.98 * frame.unit
    extremes = np.array([mouth - frame.u * reach, mouth + frame.u * reach, chin, nose])
    low, high = extremes.min(axis=0), extremes.max(axis=0)
    x0, y0 = (max(0, int(v) // 2 * 2) for v in low)
    x1, y1 = (min(s, -(-int(np.ceil(v)) // 2) * 2) for s, v in zip(size, high, strict=True))
    return Rectangle(x0, y0, x1 - x0, y1 - y0)


def _layer(
    chosen: list[int],
    moves: dict[int, NDArray[np.float64]],
    points: NDArray[np.float64],
    frame: FaceFrame,
    rectangle: Rectangle,
) -> NDArray[np.float32]:
    ring = _ring(rectangle, frame.unit)
    centres = np.vstack([points[chosen], ring])
    shapes = len(moves[chosen[0]])
    values = np.zeros((shapes, len(centres), 2))
    for k, point in enumerate(chosen):
        values[:, k] = frame.vectors(moves[point])
    distance = np.linalg.norm(centres[:, None] - centres[None], axis=-1)
    smoothing = 0.01 * frame.unit * np.eye(len(centres))
    weights = np.linalg.solve(
        distance + smoothing, values.transpose(1, 0, 2).reshape(len(centres), -1)
    )
    nodes = _nodes(rectangle)
    kernel = np.linalg.norm(nodes.reshape(-1, 1, 2) - centres[None], axis=-1)
    field = (kernel @ weights).reshape(*nodes.shape[:2], shapes, 2)
    return np.ascontiguousarray(field.transpose(2, 0, 1, 3), np.float32)


def _ring(rectangle: Rectangle, unit: float) -> NDArray[np.float64]:
    """Still points round the rectangle."""
    xs = np.linspace(-0.1 * unit, rectangle.width + 0.1 * unit, 9)
    ys = np.linspace(-0.1 * unit, rectangle.height + 0.1 * unit, 9)
    return np.array(
        [(x, y) for x in xs for y in ys if x in (xs[0], xs[-1]) or y in (ys[0], ys[-1])]
    )


def _nodes(rectangle: Rectangle) -> NDArray[np.float64]:
    """(rows, columns, 2) pixel positions of the coarse grid's nodes, as cv2.resize places them."""
    longer = max(rectangle.width, rectangle.height)
    columns = max(4, round(GRID * rectangle.width / longer))
    rows = max(4, round(GRID * rectangle.height / longer))
    xs = (np.arange(columns) + 0.5) * rectangle.width / columns - 0.5
    ys = (np.arange(rows) + 0.5) * rectangle.height / rows - 0.5
    return np.stack(np.meshgrid(xs, ys), axis=-1)


def _lip(
    line: tuple[int, ...],
    moves: dict[int, NDArray[np.float64]],
    points: NDArray[np.float64],
    frame: FaceFrame,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    at = points[list(line)]
    shifts = np.stack([frame.vectors(moves[point]) for point in line], axis=1)
    return at.astype(np.float32), shifts.astype(np.float32)


def _fade(rectangle: Rectangle, unit: float, nose: float) -> Field:
    ys, xs = np.mgrid[0 : rectangle.height, 0 : rectangle.width].astype(np.float32)
    rim = np.minimum.reduce([xs, rectangle.width - 1 - xs, rectangle.height - 1 - ys])
    weight = np.clip(rim / (FADE * unit), 0, 1) * np.clip((ys - nose) / (0.10 * unit), 0, 1)
    return np.asarray(ENLARGED * weight * weight * (3 - 2 * weight), np.float32)


def _steepness(lip: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    xs = np.arange(width, dtype=np.float32)
    left, right = sorted((float(lip[0, 0]), float(lip[-1, 0])))
    outside = np.maximum(0, np.maximum(left - xs, xs - right))
    return np.asarray(1 / (1.0 + 1.2 * outside), np.float32)
