"""Reads the lips off a video's frames, by two means that know nothing of the engine.

The face mesh, fitted to every frame again, says where the lips are and when they are shut. How far
they are parted is then followed in the pixels, see `track`: openings set by hand on six faces
were read within .01 (from .15 on up to 6 % low), where the mesh errs by up to .05.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.lips_scores.clip import Clip, Curve
from bench.lips_scores.timing import silence
from bench.lips_scores.track import cut_lips, parted
from deployments.face.engine import FaceEngine
from deployments.lipsync.landmarks import LOWER_INNER, UPPER_INNER, FaceFrame
from media.face import Face, Picture

Mesh = NDArray[np.float32]

FOUND: Final = 0.5
"""Correlation from which a lip counts as found again."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What is seen in a clip."""

    still: Mesh
    """Mesh of the canvas without patches."""
    meshes: tuple[Mesh, ...]
    """Mesh of each frame."""
    mesh_opening: Curve
    """(frames,) widest gap of the mesh's inner lips, in face units: an eye distance of an average
    face. Insensitive below .05."""
    opening: Curve
    """(frames,) the same as followed in the pixels; the mesh's where the lips were lost."""
    followed: float
    """Share of frames in which the lips were found again."""


def look(clip: Clip, engine: FaceEngine) -> Look:
    """Fit the mesh to every frame, from the photo's place; a frame's mesh knows no other frame."""
    still = _mesh(engine, clip.still, clip.portrait.face)
    meshes: list[Mesh] = []
    for n, picture in enumerate(clip.frames):
        same = n > 0 and np.array_equal(picture, clip.frames[n - 1])
        meshes.append(meshes[-1] if same else _mesh(engine, picture, clip.portrait.face))
    gaps = np.array([opening(mesh, clip.axes) for mesh in meshes], np.float64)
    quiet = np.flatnonzero(silence(clip))
    among = quiet if len(quiet) else np.arange(len(gaps))
    closed = int(among[gaps[among].argmin()])
    lips = cut_lips(clip.frames[closed], meshes[closed], clip.axes)
    both = zip(clip.frames, meshes, strict=True)
    parts = np.array([parted(picture, mesh, lips) for picture, mesh in both])
    found = parts[:, 1] >= FOUND
    gap = np.where(found, np.maximum(0.0, gaps[closed] + parts[:, 0]), gaps)
    return Look(still, tuple(meshes), gaps, gap, float(found.mean()))


def opening(mesh: Mesh, axes: FaceFrame) -> float:
    """Widest gap between the inner lip lines of a (478, 3) mesh, in face units."""
    down = axes.coordinates(mesh[:, :2])[:, 1]
    return float((down[list(LOWER_INNER)] - down[list(UPPER_INNER)]).max())


def _mesh(engine: FaceEngine, picture: Picture, face: Face) -> Mesh:
    mesh = engine.mesh(picture, face).mesh
    if mesh is None:
        raise ValueError("the face engine gave no mesh")
    return mesh
