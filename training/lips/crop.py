"""The mouth's crop: where the network looks, upright and in face units."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from deployments.lipsync.landmarks import FaceFrame, face_frame
from deployments.lipsync.repair_crop import BELOW, HEIGHT, SCALE, WIDTH, Matrix
from media.face import Picture

CANVAS: Final = 264
"""Side of the upright picture of a whole lower face that the crop is cut from."""
STABLE: Final = (33, 133, 362, 263, 168, 6, 197, 195, 5, 4, 1, 2, 98, 327)
"""Mesh points that speech doesn't move."""

Mesh = NDArray[np.float32]
"""(478, 3) points in pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """A face laid upright at SCALE, the mouth near the middle."""

    rgb: Picture
    mesh: Mesh
    frame: FaceFrame
    x: int
    y: int
    """Left and top of the crop."""
    matrix: Matrix
    """From the picture to the canvas."""


def lay_out(picture: Picture, mesh: Mesh) -> Canvas:
    """Lay a face out."""
    frame = face_frame(mesh)
    middle = np.array([CANVAS / 2, 0.42 * CANVAS])
    matrix = frame.upright(SCALE, (mesh[13, :2] + mesh[14, :2]) / 2, middle)
    laid = through(matrix, mesh)
    corner = middle + np.array([-WIDTH / 2, BELOW * SCALE - HEIGHT / 2])
    x, y = np.rint(corner).astype(int).tolist()
    return Canvas(_draw(picture, matrix), laid, face_frame(laid), x, y, matrix)


def lay_over(canvas: Canvas, source: Mesh, picture: Picture, mesh: Mesh) -> tuple[Picture, Mesh]:
    """Another picture of the same person, laid so that what speech doesn't move falls together.

    `source` is the mesh that the canvas was made of.
    """
    stable = list(STABLE)
    onto = similarity(mesh[stable, :2].astype(np.float64), source[stable, :2].astype(np.float64))
    matrix = canvas.matrix @ np.vstack([onto, (0, 0, 1)])
    return _draw(picture, matrix), through(matrix, mesh)


def cut(canvas: Canvas, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The crop of an image on the canvas."""
    return image[canvas.y : canvas.y + HEIGHT, canvas.x : canvas.x + WIDTH]


def similarity(a: NDArray[np.float64], b: NDArray[np.float64]) -> Matrix:
    """Turn, scale and shift that bring points (n, 2) a nearest to b (Umeyama, 1991)."""
    mean_a, mean_b = a.mean(axis=0), b.mean(axis=0)
    p, q = a - mean_a, b - mean_b
    power = (p**2).sum()
    c = (p * q).sum() / power
    s = (p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]).sum() / power
    turn = np.array([[c, -s], [s, c]])
    return np.column_stack([turn, mean_b - turn @ mean_a])


def through(matrix: Matrix, mesh: Mesh) -> Mesh:
    """A (n, 3) mesh through an affine map of the picture; depth keeps the pace of x."""
    flat = mesh[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    depth = mesh[:, 2:] * np.sqrt(abs(np.linalg.det(matrix[:, :2])))
    return np.concatenate([flat, depth], axis=1).astype(np.float32)


def _draw(picture: Picture, matrix: Matrix) -> Picture:
    drawn = cv2.warpAffine(picture, matrix, (CANVAS, CANVAS), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(drawn, np.uint8)
