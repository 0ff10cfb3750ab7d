"""The canvas of a video: a picture cropped round its face and scaled to the size asked for."""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from media.face import Face, Picture, Portrait

FACE_HEIGHT_IN_CROP = 0.45
"""Where the face's middle lies in a crop, from the top."""


def frame_portrait(
    picture: Picture, face: Face, size: tuple[int, int] | None, longest: int
) -> Portrait:
    """Crop and scale a picture and its meshed face.

    `size` is (width, height), even; None keeps the picture's own shape with the longest side at
    most `longest` pixels.
    """
    height, width = picture.shape[:2]
    if size is None:
        scale = min(1.0, longest / max(width, height))
        size = (_even(width * scale), _even(height * scale))
        crop = (0.0, 0.0, float(width), float(height))
    else:
        crop = _crop_round(face, (width, height), size)
    return Portrait(_scaled(picture, crop, size), _moved(face, crop, size))


def _even(value: float) -> int:
    return max(2, round(value / 2) * 2)


def _crop_round(
    face: Face, picture: tuple[int, int], size: tuple[int, int]
) -> tuple[float, float, float, float]:
    """The largest crop of the wanted shape, as near round the face as the picture allows."""
    shape = size[0] / size[1]
    width = min(picture[0], picture[1] * shape)
    height = width / shape
    left, top, right, bottom = face.box
    x = np.clip((left + right) / 2 - width / 2, 0, picture[0] - width)
    y = np.clip((top + bottom) / 2 - FACE_HEIGHT_IN_CROP * height, 0, picture[1] - height)
    return float(x), float(y), float(x + width), float(y + height)


def _scaled(
    picture: Picture, crop: tuple[float, float, float, float], size: tuple[int, int]
) -> Picture:
    left, top, right, bottom = (round(v) for v in crop)
    part = picture[top:bottom, left:right]
    if part.shape[:2] == (size[1], size[0]):
        return np.ascontiguousarray(part)
    smaller = size[0] < part.shape[1]
    method = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(part, size, interpolation=method), np.uint8)


def _moved(face: Face, crop: tuple[float, float, float, float], size: tuple[int, int]) -> Face:
    """The face in the canvas's pixels (pixel centres at .5 stay where they are seen)."""
    left, top, right, bottom = (round(v) for v in crop)
    scale = np.array([size[0] / (right - left), size[1] / (bottom - top)])

    def move(points: NDArray[np.float32]) -> NDArray[np.float32]:
        moved = points.astype(np.float64).copy()
        moved[:, :2] = (moved[:, :2] - (left, top) + 0.5) * scale - 0.5
        moved[:, 2:] *= scale[0]
        return moved.astype(np.float32)

    (x0, y0), (x1, y1) = move(np.array([face.box[:2], face.box[2:]], np.float32))
    return replace(
        face,
        box=(float(x0), float(y0), float(x1), float(y1)),
        landmarks=move(face.landmarks),
        mesh=None if face.mesh is None else move(face.mesh),
    )
