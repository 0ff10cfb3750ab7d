"""Labels of sampled faces: what a picture and a face mesh tell, and what was marked by eye."""

import csv
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from deployments.portrait.looks import CHEEKS, HAIRLINE, Lab, colour
from media.face import Face, Picture, eye_distance

MEASURED: Final = (
    "yaw", "pitch", "mouth_open", "mouth_w", "a_hair", "hair_below",
    "hairL", "hairB", "skinL", "skinB",
)  # fmt: skip
"""Lengths are in eye distances, areas in shares of the picture, colours 8-bit CIE L*a*b*."""

MARKED: Final = (
    "age", "male", "glasses", "hat", "beard", "intruder", "blonde", "grey", "red", "short",
)  # fmt: skip
"""Columns of marks.csv: years, then yes or no. An intruder is a second face or a hand; the last
four are hair, the last of them marked on women without a hat only."""

MINOR: Final = 17.0
"""Years below which a face is taken for a child's."""

MARKS: Final = (*MARKED, "minor")

NOSE_TIP, UPPER_LIP, LOWER_LIP, RIGHT_CORNER, LEFT_CORNER, CHIN = 1, 13, 14, 61, 291, 152
RIGHT_EYE, LEFT_EYE = (33, 133), (362, 263)
OVAL: Final = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip

HAIR_REACH: Final = 22.0
"""Pixels nearer than this to the hair's colour are hair: no network here outlines it."""


def measured(picture: Picture, face: Face) -> NDArray[np.float64]:
    """The labels of MEASURED, in that order, of a face with its mesh."""
    if face.mesh is None:
        raise ValueError("labels are measured on a mesh")
    points, eyes = face.mesh[:, :2].astype(np.float64), eye_distance(face.mesh)
    middle = points[[*RIGHT_EYE, *LEFT_EYE]].mean(axis=0)
    nose = (points[NOSE_TIP] - middle) / eyes
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)
    skin = colour(lab, points[list(CHEEKS)], 0.12 * eyes)
    beside = np.array([points[i] + (right * eyes, -up * eyes) for i, right, up in HAIRLINE])
    hair = colour(lab, beside, 0.08 * eyes)
    share, below = _hair_shares(lab, points, hair)
    return np.array(
        [
            nose[0],
            nose[1],
            np.hypot(*(points[UPPER_LIP] - points[LOWER_LIP])) / eyes,
            np.hypot(*(points[RIGHT_CORNER] - points[LEFT_CORNER])) / eyes,
            share,
            below,
            hair[0],
            hair[2],
            skin[0],
            skin[2],
        ]
    )


def _hair_shares(
    lab: Lab, points: NDArray[np.float64], hair: NDArray[np.float64]
) -> tuple[float, float]:
    """Hair-coloured shares of the picture, the face left out: in all, and below the chin."""
    alike = np.linalg.norm(cv2.GaussianBlur(lab, (0, 0), 2).astype(np.float32) - hair, axis=-1)
    mask = (alike < HAIR_REACH).astype(np.uint8)
    cv2.fillPoly(mask, [points[list(OVAL)].astype(np.int32)], 0)
    chin = int(np.clip(points[CHIN, 1], 0, len(mask)))
    return float(mask.mean()), float(mask[chin:].sum() / mask.size)


def marks(path: Path) -> dict[int, NDArray[np.float64]]:
    """Face number -> the labels of MARKS, in that order; NaN where one was not marked."""
    found = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            own = [float(row[name] or "nan") for name in MARKED]
            found[int(row["n"])] = np.array([*own, own[0] < MINOR])
    return found
