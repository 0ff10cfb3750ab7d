"""What a mouth does in a picture, in face units."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from deployments.face.blendshapes import BLENDSHAPES
from deployments.lipsync.landmarks import (
    LOWER_INNER,
    LOWER_OUTER,
    UPPER_INNER,
    UPPER_OUTER,
    face_frame,
)
from deployments.lipsync.mouth_geometry import lip_mask
from deployments.lipsync.teeth_seen import TeethEdges, find_edges, teeth_colour, unroll
from media.face import Face, Picture

SHAPES: Final = ("opening", "width", "corners", "round", "smile", "jaw", "bright")
"""What is steered: the gap of the inner lips, the mouth's width, the corners' height over its
middle, how rounded it is (the blendshapes of funnel and pucker together), the blendshapes of smile
and open jaw, and how bright it is inside against the skin: teeth or a dark cavity."""
KEPT: Final = ("yaw", "pitch", "eyes", "aside", "upper", "lower")
"""What stays: the nose's place along and across, how open the eyes are, the mouth's place, and
the lips' thickness."""
MEASURES: Final = (*SHAPES, *KEPT)
SEEN_FROM: Final = 0.04
"""Mouths less open than this, in face units, show no inside: their `bright` is NaN."""
SHOWN_FROM: Final = 0.02
"""Teeth are not looked for in mouths less open than this."""
NOSE_TIP: Final = 1
BESIDE: Final = (205, 425)
"""Skin of the cheeks."""
RIGHT_LIDS, LEFT_LIDS = (159, 145), (386, 374)


def measure(picture: Picture, face: Face) -> NDArray[np.float64]:
    """MEASURES of a face with mesh and blendshapes, in that order."""
    if face.mesh is None or face.blendshapes is None:
        raise ValueError("mouths are measured on a mesh with blendshapes")
    at = face_frame(face.mesh).coordinates(face.mesh[:, :2])
    blend = dict(zip(BLENDSHAPES, face.blendshapes.tolist(), strict=True))
    middle = (at[13] + at[14]) / 2
    corners = (at[61] + at[291]) / 2
    lids = [abs(at[low, 1] - at[up, 1]) for up, low in (RIGHT_LIDS, LEFT_LIDS)]
    opening = float(np.linalg.norm(at[list(UPPER_INNER)] - at[list(LOWER_INNER)], axis=1).max())
    found = {
        "opening": opening,
        "width": np.linalg.norm(at[61] - at[291]),
        "corners": middle[1] - corners[1],
        "round": blend["mouthFunnel"] + blend["mouthPucker"],
        "smile": (blend["mouthSmileLeft"] + blend["mouthSmileRight"]) / 2,
        "jaw": blend["jawOpen"],
        "bright": _bright(picture, face.mesh) if opening > SEEN_FROM else np.nan,
        "yaw": at[NOSE_TIP, 0],
        "pitch": at[NOSE_TIP, 1],
        "eyes": np.mean(lids),
        "aside": corners[0],
        "upper": np.linalg.norm(at[UPPER_OUTER[5]] - at[UPPER_INNER[5]]),
        "lower": np.linalg.norm(at[LOWER_OUTER[5]] - at[LOWER_INNER[5]]),
    }
    return np.array([float(found[name]) for name in MEASURES])


def _bright(picture: Picture, mesh: NDArray[np.float32]) -> float:
    height, width = picture.shape[:2]
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    upper, lower = (mesh[list(line), :2] for line in (UPPER_INNER, LOWER_INNER))
    share = lip_mask(upper, lower, (0, 0, width, height)) / 255.0
    skin = cheeks(grey[..., None], mesh)[0]
    return float((grey * share).sum() / max(share.sum(), 1.0) / skin)


def cheeks(picture: NDArray[np.uint8], mesh: NDArray[np.float32]) -> NDArray[np.float64]:
    """(channels,) mean colour of the cheeks."""
    patches = [
        picture[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3].mean(axis=(0, 1))
        for x, y in np.rint(mesh[list(BESIDE), :2]).astype(int).tolist()
    ]
    return np.asarray(np.mean(patches, axis=0))


def teeth_of(
    picture: Picture, mesh: NDArray[np.float32]
) -> tuple[TeethEdges, NDArray[np.float32] | None]:
    """Where the teeth of a face end, and their colour if enough of them show."""
    upper, lower = (mesh[list(line), :2] for line in (UPPER_INNER, LOWER_INNER))
    inside, skin = unroll(picture, upper, lower), cheeks(picture, mesh)
    if np.linalg.norm(upper - lower, axis=1).max() < SHOWN_FROM * face_frame(mesh).unit:
        return TeethEdges(), None
    return find_edges(inside, skin), teeth_colour(inside, skin)


def column(measures: NDArray[np.floating], name: str) -> NDArray[np.floating]:
    """One measure of (n, MEASURES)."""
    return measures[:, MEASURES.index(name)]
