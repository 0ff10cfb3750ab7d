"""What a mouth does in a picture, measured on the face mesh, in face units."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from deployments.lipsync.landmarks import (
    LOWER_INNER,
    LOWER_OUTER,
    UPPER_INNER,
    UPPER_OUTER,
    face_frame,
)
from media.face import Face

FUNNEL, PUCKER, SMILES, JAW_OPEN = 32, 38, (44, 45), 25
"""Blendshapes, in MediaPipe's order."""
NOSE_TIP, CHIN = 1, 152
RIGHT_LIDS, LEFT_LIDS = (159, 145), (386, 374)

SHAPES: Final = ("opening", "width", "corners", "round")
"""What is steered: the gap of the inner lips, the mouth's width, the corners' height over its
middle, and how rounded it is (the blendshapes of funnel and pucker together)."""
KEPT: Final = ("yaw", "pitch", "eyes", "aside", "upper", "lower")
"""What stays: the nose's place along and across, how open the eyes are, the mouth's place, and
the lips' thickness."""
MEASURES: Final = (*SHAPES, *KEPT, "smile", "jaw")
"""The last two are blendshapes, for looking at."""


def measure(face: Face) -> NDArray[np.float64]:
    """MEASURES of a face with mesh and blendshapes, in that order."""
    if face.mesh is None or face.blendshapes is None:
        raise ValueError("mouths are measured on a mesh with blendshapes")
    at = face_frame(face.mesh).coordinates(face.mesh[:, :2])
    blend = face.blendshapes
    middle = (at[13] + at[14]) / 2
    corners = (at[61] + at[291]) / 2
    lids = [abs(at[low, 1] - at[up, 1]) for up, low in (RIGHT_LIDS, LEFT_LIDS)]
    return np.array(
        [
            float(np.linalg.norm(at[list(UPPER_INNER)] - at[list(LOWER_INNER)], axis=1).max()),
            float(np.linalg.norm(at[61] - at[291])),
            middle[1] - corners[1],
            float(blend[FUNNEL] + blend[PUCKER]),
            at[NOSE_TIP, 0],
            at[NOSE_TIP, 1],
            float(np.mean(lids)),
            corners[0],
            float(np.linalg.norm(at[UPPER_OUTER[5]] - at[UPPER_INNER[5]])),
            float(np.linalg.norm(at[LOWER_OUTER[5]] - at[LOWER_INNER[5]])),
            float(blend[list(SMILES)].mean()),
            float(blend[JAW_OPEN]),
        ]
    )


def column(measures: NDArray[np.floating], name: str) -> NDArray[np.floating]:
    """One measure of (n, MEASURES)."""
    return measures[:, MEASURES.index(name)]
