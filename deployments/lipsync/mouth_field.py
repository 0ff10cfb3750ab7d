"""How the picture round a mouth moves when it opens, widens or closes.

Displacements of mesh points are linear in a few shape numbers. Radial basis functions with the
linear kernel (Duchon's splines in their simplest form) carry them to a coarse grid, once a
portrait; a frame is then a weighted sum of grids, inverted by fixed-point steps and enlarged.
The face is two layers that part at the lips: the upper one hangs on the skull, the lower one on
the jaw.
"""

from dataclasses import dataclass
from typing import Final

import cv2
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
INVERSIONS: Final = 4
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
    """(height, width): how much of the movement is let through."""
    unit: float
    corner_feather: NDArray[np.float32]
    """(width,): pixels over which the layers melt, small between the corners."""


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
        _corner_feather(upper_lip, rectangle.width),
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
    return np.asarray(weight * weight * (3 - 2 * weight), np.float32)


def _corner_feather(lip: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    xs = np.arange(width, dtype=np.float32)
    left, right = sorted((float(lip[0, 0]), float(lip[-1, 0])))
    outside = np.maximum(0, np.maximum(left - xs, xs - right))
    return np.asarray(1.0 + 1.2 * outside, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """One frame's mouth: where each pixel of the rectangle comes from, and the lips' new lines."""

    map_x: Field
    map_y: Field
    upper_lip: NDArray[np.float32]
    lower_lip: NDArray[np.float32]
    upper_outline: NDArray[np.float32]
    lower_outline: NDArray[np.float32]


def move(field: MouthField, amounts: NDArray[np.float32]) -> Moved:
    """Apply (shapes,) amounts. The lips never cross: where they would, they meet halfway."""
    upper_lip = field.upper_lip + np.tensordot(amounts, field.upper_lip_moves, 1)
    lower_lip = field.lower_lip + np.tensordot(amounts, field.lower_lip_moves, 1)
    crossed = np.minimum(0, lower_lip[:, 1] - upper_lip[:, 1]) / 2
    upper_lip[:, 1] += crossed
    lower_lip[:, 1] -= crossed
    size = (field.rectangle.width, field.rectangle.height)
    upper, lower = (
        np.ascontiguousarray(_inverse(np.tensordot(amounts, layer, 1), size).transpose(2, 0, 1))
        for layer in (field.upper, field.lower)
    )
    share = _lower_share(field, upper_lip, lower_lip)
    xs = np.arange(size[0], dtype=np.float32)[None]
    ys = np.arange(size[1], dtype=np.float32)[:, None]
    outline = field.outline + np.tensordot(amounts, field.outline_moves, 1)
    half = len(outline) // 2
    return Moved(
        _source(xs, upper[0], lower[0], share, field.fade),
        _source(ys, upper[1], lower[1], share, field.fade),
        upper_lip,
        lower_lip,
        outline[:half],
        outline[half:],
    )


def _source(place: Field, upper: Field, lower: Field, share: Field, fade: Field) -> Field:
    """Where along one axis each pixel comes from; both layers' shifts are on the coarse grid."""
    size = (fade.shape[1], fade.shape[0])
    # Linear: from node to node a movement bends by hundredths of a pixel.
    shift, other = (
        np.asarray(cv2.resize(layer, size, interpolation=cv2.INTER_LINEAR), np.float32)
        for layer in (lower, upper)
    )
    shift -= other
    shift *= share
    shift += other
    shift *= fade
    return np.asarray(np.subtract(place, shift, out=shift))


def _inverse(forward: Field, size: tuple[int, int]) -> Field:
    """Displacement seen from where a pixel lands: s(y) = d(y - s(y)), by fixed-point steps."""
    rows, columns = forward.shape[:2]
    step_x, step_y = columns / size[0], rows / size[1]
    xs = np.arange(columns, dtype=np.float32)[None]
    ys = np.arange(rows, dtype=np.float32)[:, None]
    shift = forward
    for _ in range(INVERSIONS):
        at_x, at_y = xs - shift[..., 0] * step_x, ys - shift[..., 1] * step_y
        seen = cv2.remap(forward, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        shift = np.asarray(seen, np.float32)
    return shift


def _lower_share(
    field: MouthField, upper_lip: NDArray[np.float32], lower_lip: NDArray[np.float32]
) -> Field:
    """1 where a pixel is the jaw's layer's, 0 where the skull's; soft beyond the corners."""
    xs = np.arange(field.rectangle.width, dtype=np.float32)
    middle = (upper_lip + lower_lip) / 2
    order = np.argsort(middle[:, 0])
    line = np.interp(xs, middle[order, 0], middle[order, 1]).astype(np.float32)
    ys = np.arange(field.rectangle.height, dtype=np.float32)[:, None]
    return np.asarray(np.clip((ys - line) / field.corner_feather + 0.5, 0, 1), np.float32)
