"""What the mesh points round a mouth do when it opens, widens, closes, bites or presses."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from deployments.lipsync.landmarks import (
    CHEEKS,
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

SHAPES: Final = ("open", "width", "close", "teeth", "press")

UPPER_SHARE: Final = 0.17
"""Part of an opening that the upper lip takes; the jaw takes the rest."""
JAW_SHARE: Final = 0.62
CORNER_DROP: Final = 0.10
CLOSING_UPPER: Final = 0.4
"""Part of a smile's gap that its upper lip closes."""


def mouth_shapes(mesh: NDArray[np.float32], frame: FaceFrame) -> dict[int, NDArray[np.float64]]:
    """Mesh point -> (shapes, 2) displacements in face units per unit of each shape."""
    at = frame.coordinates(mesh[:, :2])
    middle = (at[13] + at[14]) / 2
    side = np.where(at[:, 0] < middle[0], middle[0] - at[61, 0], at[291, 0] - middle[0])
    across = np.clip((at[:, 0] - middle[0]) / np.maximum(side, 0.05), -1.0, 1.0)
    arch = np.clip(1 - across**2, 0, 1) ** 0.6
    gap = {
        point: max(0.0, at[low, 1] - at[up, 1])
        for up, low, *pair in zip(UPPER_INNER, LOWER_INNER, UPPER_OUTER, LOWER_OUTER, strict=True)
        for point in (up, low, *pair)
    }
    moves: dict[int, NDArray[np.float64]] = {}

    def put(point: int, **uv: tuple[float, float]) -> None:
        moves[point] = np.array([uv.get(shape, (0.0, 0.0)) for shape in SHAPES])

    for lip, lift, thin, shut in (
        (UPPER_INNER, -UPPER_SHARE, 0.03, CLOSING_UPPER),
        (UPPER_OUTER, -0.7 * UPPER_SHARE, 0.14, 0.85 * CLOSING_UPPER),
        (LOWER_INNER, 1 - UPPER_SHARE, -0.03, CLOSING_UPPER - 1),
        (LOWER_OUTER, 0.95 - UPPER_SHARE, -0.14, 0.9 * (CLOSING_UPPER - 1)),
    ):
        lower = lip in (LOWER_INNER, LOWER_OUTER)
        inner = lip in (UPPER_INNER, LOWER_INNER)
        for point in lip:
            if point in CORNERS:
                put(
                    point, open=(-0.05 * across[point], CORNER_DROP), width=(0.5 * across[point], 0)
                )
                continue
            drop = lift * arch[point] + CORNER_DROP * (1 - arch[point])
            put(
                point,
                open=(-0.05 * across[point], drop),
                width=(0.5 * across[point], thin * arch[point]),
                close=(0.0, shut * gap[point]),
                teeth=(0.0, (-0.035 if inner else -0.022) * arch[point] if lower else 0.0),
                press=(0.0, (-0.012 if lower else 0.012) * arch[point]),
            )
    for point in CHIN:
        reach = np.clip(1 - abs(at[point, 0] - middle[0]) / 0.95, 0, 1) ** 0.5
        drop = 0.68 * reach
        put(point, open=(0, drop), close=(0, -0.25 * gap[14] * reach), teeth=(0, -0.012 * reach))
    for point in JAW:
        reach = np.clip(1 - abs(at[point, 0] - middle[0]) / 0.9, 0, 1) ** 0.7
        put(point, open=(0, JAW_SHARE * reach), close=(0, -0.2 * gap[14] * reach))
    for point in NOSE_BASE:
        put(point)
    for point in CHEEKS:
        put(point, open=(0, 0.03), width=(0.12 * np.sign(across[point]), 0))
    return moves
