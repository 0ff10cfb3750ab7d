"""Points of the MediaPipe face mesh that move when a mouth speaks, and the frame they are read in.

Numbers are those of the canonical 468-point mesh (irises follow as 468 to 477). "Right" is the
person's right, which lies on the picture's left.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

UPPER_INNER: Final = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_INNER: Final = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
UPPER_OUTER: Final = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
LOWER_OUTER: Final = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
"""Lip lines from the right corner to the left one; both ends are the corners."""

CORNERS: Final = (61, 78, 291, 308)
CHIN: Final = (18, 200, 199, 83, 313, 201, 421, 182, 406, 194, 418, 204, 424, 202, 422, 210, 430)
JAW: Final = (58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288)
NOSE_BASE: Final = (2, 97, 98, 326, 327, 164)
CHEEKS: Final = (50, 280, 205, 425, 203, 423)

RIGHT_EYE: Final = (33, 133)
LEFT_EYE: Final = (362, 263)
RIGHT_UPPER_LID: Final = (33, 246, 161, 160, 159, 158, 157, 173, 133)
RIGHT_LOWER_LID: Final = (33, 7, 163, 144, 145, 153, 154, 155, 133)
LEFT_UPPER_LID: Final = (362, 398, 384, 385, 386, 387, 388, 466, 263)
LEFT_LOWER_LID: Final = (362, 382, 381, 380, 374, 373, 390, 249, 263)
RIGHT_BROW: Final = (46, 53, 52, 65, 55)
LEFT_BROW: Final = (276, 283, 282, 295, 285)
"""Lower edges of the eyebrows."""

NOSE_TO_EYES: Final = 1.305
"""Eye distance over eyes-to-nose-base distance of an average frontal face."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceFrame:
    """The face's own axes in the picture: u along the eyes, v towards the chin."""

    origin: NDArray[np.float64]
    """(2,) middle between the eyes, in pixels."""
    u: NDArray[np.float64]
    v: NDArray[np.float64]
    """(2,) unit vectors in the picture."""
    unit: float
    """Pixels a face unit: the mean of eye distance and its guess from the nose's length, which
    holds when the head is turned and the eyes draw together."""

    def coordinates(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """(n, 2) pixels to (n, 2) face units."""
        relative = (np.asarray(points, np.float64) - self.origin) / self.unit
        return np.stack([relative @ self.u, relative @ self.v], axis=-1)

    def vectors(self, uv: NDArray[np.floating]) -> NDArray[np.float64]:
        """(n, 2) displacements in face units to pixels."""
        uv = np.asarray(uv, np.float64)
        return (uv[:, :1] * self.u + uv[:, 1:] * self.v) * self.unit

    def upright(
        self, scale: float, point: NDArray[np.floating], place: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """(2, 3) map to a picture where the face stands upright, `scale` pixels a face unit.

        The pixel `point` comes to lie at `place`.
        """
        axes = np.stack([self.u, self.v]) * (scale / self.unit)
        return np.column_stack([axes, place - axes @ point])


def face_frame(mesh: NDArray[np.float32]) -> FaceFrame:
    """Axes and unit of a (478, 3) mesh in pixels."""
    points = mesh[:, :2].astype(np.float64)
    right, left = points[list(RIGHT_EYE)].mean(axis=0), points[list(LEFT_EYE)].mean(axis=0)
    origin = (right + left) / 2
    between = left - right
    distance = float(np.hypot(*between))
    u = between / distance
    v = np.array([-u[1], u[0]])
    nose = float((points[2] - origin) @ v)
    return FaceFrame(origin, u, v, (distance + NOSE_TO_EYES * nose) / 2)
