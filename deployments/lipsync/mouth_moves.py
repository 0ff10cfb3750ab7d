"""A frame's mouth: the movement of its pixels, made of a portrait's fields.

A weighted sum of coarse grids, inverted by fixed-point steps and enlarged.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from deployments.lipsync.mouth_field import ENLARGED, Field, MouthField, Rectangle

INVERSIONS: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """One frame's mouth: where each pixel of the rectangle comes from, and the lips' new lines."""

    map_x: Field
    map_y: Field
    """(height, width): in pixels of the rectangle ENLARGED times."""
    upper_lip: NDArray[np.float32]
    lower_lip: NDArray[np.float32]
    upper_outline: NDArray[np.float32]
    lower_outline: NDArray[np.float32]


def move(field: MouthField, amounts: NDArray[np.float32]) -> Moved:
    """The mouth of one frame: see `moves`."""
    return moves(field, amounts[None])[0]


def moves(field: MouthField, amounts: NDArray[np.float32]) -> list[Moved]:
    """Apply (frames, shapes) amounts. Lips never cross: where they would, they meet halfway."""
    upper_lip = field.upper_lip + np.tensordot(amounts, field.upper_lip_moves, 1)
    lower_lip = field.lower_lip + np.tensordot(amounts, field.lower_lip_moves, 1)
    crossed = np.minimum(0, lower_lip[..., 1] - upper_lip[..., 1]) / 2
    upper_lip[..., 1] += crossed
    lower_lip[..., 1] -= crossed
    outline = field.outline + np.tensordot(amounts, field.outline_moves, 1)
    half = outline.shape[1] // 2
    layers = np.stack([np.tensordot(amounts, layer, 1) for layer in (field.upper, field.lower)], 1)
    shifts = _inverse(layers, field.rectangle)
    return [
        Moved(*_sources(field, shift, upper, lower), upper, lower, edge[:half], edge[half:])
        for shift, upper, lower, edge in zip(shifts, upper_lip, lower_lip, outline, strict=True)
    ]


def _sources(
    field: MouthField, shifts: Field, upper_lip: NDArray[np.float32], lower_lip: NDArray[np.float32]
) -> tuple[Field, Field]:
    """Where each pixel comes from, across and down.

    `shifts`: (2, rows, columns, 2), those of the upper and the lower layer, on the coarse grid.
    """
    upper = shifts[0]
    apart = shifts[1] - upper
    share = _lower_share(field, upper_lip, lower_lip)
    xs, ys = (_enlarged(side) for side in (field.rectangle.width, field.rectangle.height))
    return tuple(  # type: ignore[return-value]  # two of them
        _source(
            place,
            cv2.extractChannel(upper, axis),
            cv2.extractChannel(apart, axis),
            share,
            field.fade,
        )
        for axis, place in enumerate((xs, ys[:, None]))
    )


def _enlarged(side: int) -> NDArray[np.float32]:
    """Where the pixels along a side lie in a picture ENLARGED times."""
    return ENLARGED * np.arange(side, dtype=np.float32) + np.float32((ENLARGED - 1) / 2)


def _source(place: Field, upper: Field, apart: Field, share: Field, fade: Field) -> Field:
    """Where along one axis each pixel comes from; shifts are on the coarse grid."""
    size = (fade.shape[1], fade.shape[0])
    # Linear: from node to node a movement bends by hundredths of a pixel.
    shift, all_over = (
        np.asarray(cv2.resize(layer, size, interpolation=cv2.INTER_LINEAR), np.float32)
        for layer in (apart, upper)
    )
    shift *= share
    shift += all_over
    shift *= fade
    return np.asarray(np.subtract(place, shift, out=shift))


def _inverse(forward: Field, rectangle: Rectangle) -> Field:
    """Displacements seen from where a pixel lands: s(y) = d(y - s(y)), by fixed-point steps.

    (frames, layers, rows, columns, 2). All are looked up at once, one below the other.
    """
    rows, columns = forward.shape[2:4]
    first = np.arange(0, forward[..., 0, 0, 0].size * rows, rows, dtype=np.float32)
    first = first.reshape(*forward.shape[:2], 1, 1)
    step = np.array([columns / rectangle.width, rows / rectangle.height], np.float32)
    xs = np.arange(columns, dtype=np.float32)
    ys = np.arange(rows, dtype=np.float32)[:, None]
    stacked = forward.reshape(-1, columns, 2)
    shift = forward
    for _ in range(INVERSIONS):
        at_x = xs - shift[..., 0] * step[0]
        at_y = np.clip(ys - shift[..., 1] * step[1], 0, rows - 1) + first
        across, down = (at.reshape(-1, columns) for at in (at_x, at_y))
        seen = cv2.remap(stacked, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        shift = np.asarray(seen, np.float32).reshape(forward.shape)
    return shift


def _lower_share(
    field: MouthField, upper_lip: NDArray[np.float32], lower_lip: NDArray[np.float32]
) -> Field:
    """1 where a pixel is the jaw's layer's, 0 where the skull's; soft beyond the corners."""
    xs = np.arange(field.rectangle.width, dtype=np.float32)
    middle = (upper_lip + lower_lip) / 2
    order = np.argsort(middle[:, 0])
    line = np.interp(xs, middle[order, 0], middle[order, 1]).astype(np.float32)
    share = field.depth - line * field.steepness
    return np.asarray(np.clip(share, 0, 1, out=share))
