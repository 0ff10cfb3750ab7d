"""Scores of the picture: sharpness, seam, flicker, likeness."""

import sys
from itertools import pairwise
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.lips_scores.clip import Clip
from bench.lips_scores.look import Look, Mesh
from deployments.face.insightface import InsightFace
from deployments.lipsync.landmarks import LOWER_INNER, LOWER_OUTER, UPPER_INNER, UPPER_OUTER
from deployments.loading import weight_files
from media.errors import AvatarError
from media.face import Face, Picture
from serve.settings import Settings
from serve.weights.store import open_store

Plane = NDArray[np.float32]

AROUND: Final = 0.12
"""Face units round the lips that the mouth's rectangle holds."""
LOOKED_AT: Final = 6
"""Frames of a clip whose likeness is measured."""


def sharpness(clip: Clip, look: Look) -> tuple[float, float]:
    """Detail in the mouth's rectangle, and on the lips alone, as a share of the photo's.

    Detail is the mean absolute Laplacian of luma, the median over frames. The rectangle follows
    the lips and holds what shows between them; the lips' own figure does not, so that teeth and
    dark gaps cannot make up for soft skin.
    """
    unit = clip.axes.unit
    photo = _detail(luma(clip.still), look.still, unit)
    frames = [
        _detail(luma(picture), mesh, unit)
        for picture, mesh in zip(clip.frames, look.meshes, strict=True)
    ]
    whole, lips = (np.median(np.array(frames), axis=0) / np.maximum(photo, 1e-3)).tolist()
    return float(whole), float(lips)


def _detail(grey: Plane, mesh: Mesh, unit: float) -> tuple[float, float]:
    edges = np.abs(cv2.Laplacian(grey, cv2.CV_32F, ksize=3))
    points = mesh[:, :2]
    outer = points[[*UPPER_OUTER, *LOWER_OUTER[-2:0:-1]]]
    inner = points[[*UPPER_INNER, *LOWER_INNER[-2:0:-1]]]
    x0, y0 = np.maximum(0, outer.min(axis=0) - AROUND * unit).astype(int)
    x1, y1 = np.ceil(outer.max(axis=0) + AROUND * unit).astype(int)
    lips, gap = (_filled(shape, grey.shape) for shape in (outer, inner))
    # The lips' inner edge is as sharp as the gap is dark: it says nothing of the skin.
    widely = cv2.dilate(gap, np.ones((3, 3), np.uint8), iterations=max(1, round(0.02 * unit)))
    chosen = edges[(lips > 0) & (widely == 0)]
    return float(edges[y0:y1, x0:x1].mean()), float(chosen.mean()) if len(chosen) else 0.0


def _filled(outline: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.rint(outline).astype(np.int32)], (1,))
    return mask


def seam(clip: Clip) -> float:
    """Gradient energy across the border of the mouth's rectangle against the photo's there.

    1 is no seam. The worst frame counts: an edge that flashes is seen. Sides that lie on the
    picture's own edge have nothing beyond them.
    """
    photo = _across(luma(clip.still), clip.box)
    frames = [_across(luma(picture), clip.box) for picture in clip.frames]
    return float((max(frames) + 1.0) / (photo + 1.0))


def _across(grey: Plane, box: tuple[int, int, int, int]) -> float:
    """Mean squared step from inside to outside, in grey levels."""
    x, y, wide, tall = box
    height, width = grey.shape
    steps = []
    for at, limit, lines in (
        (x, width, grey[y : y + tall].T),
        (x + wide, width, grey[y : y + tall].T),
        (y, height, grey[:, x : x + wide]),
        (y + tall, height, grey[:, x : x + wide]),
    ):
        if 0 < at < limit:
            steps.append(lines[at] - lines[at - 1])
    return float(np.mean(np.concatenate(steps) ** 2)) if steps else 0.0


def flicker(clip: Clip) -> float:
    """Greatest mean change from one frame to the next outside the mouth's rectangle, of 255."""
    x, y, wide, tall = clip.box
    outside = np.ones(clip.still.shape[:2], bool)
    outside[y : y + tall, x : x + wide] = False
    if not outside.any():
        return 0.0
    beside = [picture[outside].astype(np.int16) for picture in (clip.still, *clip.frames)]
    changes = [np.abs(b - a).mean() for a, b in pairwise(beside)]
    return float(max(changes, default=0.0))


def luma(picture: Picture) -> Plane:
    """(height, width) brightness from 0 to 255."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)


def open_identity() -> InsightFace | None:
    """ArcFace, or None and a loud line where the extra or its weights are missing."""
    try:
        files = weight_files(tuple(InsightFace.weights_for({})), open_store(Settings()))
        return InsightFace.load(files, threads=1)
    except AvatarError as error:
        print(f"\n!!! LIKENESS IS NOT MEASURED: {error.message}\n", file=sys.stderr, flush=True)
        return None


def likeness(clip: Clip, engine: InsightFace) -> float:
    """Least cosine of ArcFace's embeddings of some frames with the photo's; strangers are near 0.

    A frame in which no face is found counts as a stranger.
    """
    photo = _who(clip.still, clip, engine)
    if photo is None:
        return 0.0
    chosen = np.linspace(0, len(clip.frames) - 1, LOOKED_AT + 2)[1:-1].astype(int)
    found = [_who(clip.frames[n], clip, engine) for n in chosen]
    return min(float(vector @ photo) if vector is not None else 0.0 for vector in found)


def _who(picture: Picture, clip: Clip, engine: InsightFace) -> NDArray[np.float32] | None:
    faces = engine.find(picture)
    if not faces:
        return None
    middle = _middle(clip.portrait.face)
    nearest = min(faces, key=lambda face: float(np.linalg.norm(_middle(face) - middle)))
    return engine.embedding(picture, nearest)


def _middle(face: Face) -> NDArray[np.float64]:
    return np.array([face.box[0] + face.box[2], face.box[1] + face.box[3]]) / 2
