"""Is it a face? The detector once more, on the picture as the mesh would have it.

Patterns that pass for a face in one tile, even with a mesh that claims to fit, seldom do when
turned upright and scaled by that mesh; and the detector's eyes, nose and mouth then lie elsewhere
than the mesh's. Measured: on 33 pictures without a face the best false one reached 0.52; of 29
faces in 7 photographs, from 37 pixels wide up, the worst reached 0.73. Below 18 pixels, in the
dark or grey, true faces go down to 0.57.
"""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from deployments.face import blazeface, facemesh
from deployments.face.tflite import Network
from media.face import Picture

VIEW = 1.6
"""Side of the picture looked at, over the side of the mesh's own region."""

INNER = 160
"""Pixels of the 256 of that view that are looked at again by themselves, nearer."""

MIN_SCORE = 0.05

LANDMARKS = ((33, 133), (362, 263), (1, 1), (13, 14))
"""Points of the mesh whose middles are the detector's first four keypoints: right eye, left eye,
tip of the nose, mouth."""


def second_look(
    network: Network, picture: Picture, mesh: NDArray[np.float32]
) -> tuple[float, float]:
    """How much the detector agrees with a mesh.

    Returns:
        The agreement: the mean over both looks of the detector's score less the mean distance
        between its keypoints and the mesh's, as a share of the face's size (-1 where it sees
        nothing). And the best of the scores.
    """
    region = facemesh.region_of_mesh(mesh)
    view = replace(region, side=region.side * VIEW)
    matrix = view.matrix()
    crop = facemesh.crop(picture, view)
    expected = np.stack([mesh[list(pair), :2].mean(axis=0) for pair in LANDMARKS])
    agreements, best = [], 0.0
    for side in (facemesh.SIDE, INNER):
        start = (facemesh.SIDE - side) // 2
        part = crop[start : start + side, start : start + side]
        size = (blazeface.SIDE, blazeface.SIDE)
        tile = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)
        found = blazeface.detect(network, tile, min_score=MIN_SCORE)
        if not len(found):
            agreements.append(-1.0)
            continue
        points = found.keypoints[0, : len(LANDMARKS)] * (side / blazeface.SIDE) + start
        placed = points @ matrix[:, :2].T + matrix[:, 2]
        apart = float(np.linalg.norm(placed - expected, axis=1).mean())
        score = float(found.scores[0])
        agreements.append(score - apart * facemesh.ROOM / region.side)
        best = max(best, score)
    return float(np.mean(agreements)), best
