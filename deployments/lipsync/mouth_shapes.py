"""What the mesh points round a mouth do when it opens, widens, rounds, closes, bites or presses.

Opening, widening and rounding were fitted to drawn people (`training/lips/basis.py`); the others
are small moves made by hand.
"""

import io
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from deployments.lipsync.landmarks import (
    CHIN,
    CORNERS,
    JAW,
    LOWER_INNER,
    LOWER_OUTER,
    NOSE_BASE,
    UPPER_INNER,
    UPPER_OUTER,
    FaceFrame,
)
from media.shipped import read_shipped

SHAPES: Final = ("open", "width", "round", "close", "teeth", "press")
FITTED: Final = 3
"""The first shapes, in a face unit of opening and width, and in funnel plus pucker (0 to 1)."""
FILE: Final = Path(__file__).with_name("mouth_basis.npz")
SHA256: Final = "8d8c42e5ed1b34bb5e3ac19122e083c8dffa69cbfcae4ee9ed73e876915b02fe"

CLOSING_UPPER: Final = 0.4
"""Part of a smile's gap that its upper lip closes."""

Moves = dict[int, NDArray[np.float64]]
"""Mesh point -> (shapes, 2) displacements in face units per unit of each shape."""


def read_basis() -> Moves:
    """The fitted moves, for FITTED shapes. Raises ValueError where the file was changed."""
    data = read_shipped(FILE, SHA256)
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        shifts = arrays["shifts"].astype(np.float64)
        return {int(point): shifts[:, k] for k, point in enumerate(arrays["points"])}


def mouth_shapes(mesh: NDArray[np.float32], frame: FaceFrame) -> Moves:
    """The moves of a face that is seen in a (478, 3) mesh."""
    at = frame.coordinates(mesh[:, :2])
    middle = (at[13] + at[14]) / 2
    side = np.where(at[:, 0] < middle[0], middle[0] - at[61, 0], at[291, 0] - middle[0])
    across = np.clip((at[:, 0] - middle[0]) / np.maximum(side, 0.05), -1.0, 1.0)
    arch = np.clip(1 - across**2, 0, 1) ** 0.6
    moves = {
        point: np.vstack([fitted, np.zeros((len(SHAPES) - FITTED, 2))])
        for point, fitted in read_basis().items()
    }

    def put(point: int, **down: float) -> None:
        for shape, v in down.items():
            moves[point][SHAPES.index(shape), 1] = v

    gap = [at[low, 1] - at[up, 1] for up, low in zip(UPPER_INNER, LOWER_INNER, strict=True)]
    for lip, shut, bite, press in (
        (UPPER_INNER, CLOSING_UPPER, 0.0, 0.012),
        (UPPER_OUTER, 0.85 * CLOSING_UPPER, 0.0, 0.012),
        (LOWER_INNER, CLOSING_UPPER - 1, -0.035, -0.012),
        (LOWER_OUTER, 0.9 * (CLOSING_UPPER - 1), -0.022, -0.012),
    ):
        for point, parted in zip(lip, gap, strict=True):
            if point not in CORNERS:
                rise = float(arch[point])
                put(
                    point,
                    close=shut * max(0.0, float(parted)),
                    teeth=bite * rise,
                    press=press * rise,
                )
    parted = max(0.0, float(at[14, 1] - at[13, 1]))
    for point in CHIN:
        reach = float(np.clip(1 - abs(at[point, 0] - middle[0]) / 0.95, 0, 1) ** 0.5)
        put(point, close=-0.25 * parted * reach, teeth=-0.012 * reach)
    for point in JAW:
        reach = float(np.clip(1 - abs(at[point, 0] - middle[0]) / 0.9, 0, 1) ** 0.7)
        put(point, close=-0.2 * parted * reach)
    return moves | {point: np.zeros((len(SHAPES), 2)) for point in NOSE_BASE}
