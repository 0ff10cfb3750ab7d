"""Which faces the embedded engine finds, and what it does not take for one."""

import threading

import cv2
import numpy as np
import pytest
import skimage.data

from deployments.face.mediapipe import MediaPipe
from media.face import Face, Picture

FACE_WIDTH = 92
"""Pixels from ear to ear in skimage's astronaut, whose face is centred on FACE_CENTRE."""

FACE_CENTRE = (225, 124)


def scaled(picture: Picture, scale: float) -> Picture:
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=method), np.uint8)


def head(width: float) -> Picture:
    """The astronaut's head, its face `width` pixels wide."""
    return scaled(skimage.data.astronaut()[20:230, 120:330], width / FACE_WIDTH)


def background(width: int, height: int) -> Picture:
    return np.asarray(cv2.resize(skimage.data.coffee(), (width, height)), np.uint8)


def group(width: int, height: int, heads: list[tuple[int, int, int]]) -> Picture:
    """Heads (face's width, left, top) on a picture of a cup of coffee."""
    picture = background(width, height)
    for face_width, left, top in heads:
        one = head(face_width)
        picture[top : top + one.shape[0], left : left + one.shape[1]] = one
    return picture


def middle(face: Face) -> tuple[float, float]:
    left, top, right, bottom = face.box
    return (left + right) / 2, (top + bottom) / 2


def test_a_portrait_has_one_face_with_everything_filled(face_engine: MediaPipe) -> None:
    (face,) = face_engine.find(skimage.data.astronaut())
    left, top, right, bottom = face.box
    assert abs(right - left - FACE_WIDTH) < 5
    assert np.hypot(*np.subtract(middle(face), FACE_CENTRE)) < 6
    assert 60 < top < 85  # the hairline
    assert 170 < bottom < 190  # the chin
    assert 0.8 < face.score <= 1
    assert face.landmarks.shape == (478, 2)
    assert face.mesh is not None
    assert face.mesh.shape == (478, 3)
    assert face.blendshapes is not None
    assert face.blendshapes.shape == (52,)


@pytest.mark.parametrize("width", [30, 36, 48, 70, 120])
def test_faces_of_a_group_are_all_found(face_engine: MediaPipe, width: int) -> None:
    step = int(width * 210 / FACE_WIDTH) + 3
    places = [(width, 11 + n * step, 17 + (n % 2) * 2 * step) for n in range(4)]
    faces = face_engine.find(group(4 * step + 20, 3 * step + 40, places))
    assert len(faces) == 4
    for face in faces:
        assert abs(face.box[2] - face.box[0] - width) < 0.12 * width


@pytest.mark.parametrize("size", [(1280, 960), (2560, 1440)])
def test_a_face_as_wide_as_2_percent_of_the_picture_is_found(
    face_engine: MediaPipe, size: tuple[int, int]
) -> None:
    width = round(0.02 * size[0])
    left, top = size[0] * 2 // 3, size[1] // 4
    (face,) = face_engine.find(group(*size, [(width, left, top)]))
    expected = np.array([left, top]) + np.array([105, 104]) * width / FACE_WIDTH
    assert np.hypot(*(np.array(middle(face)) - expected)) < 0.15 * width


def test_large_and_small_faces_in_one_picture_are_found(face_engine: MediaPipe) -> None:
    heads = [(300, 20, 200), (42, 1100, 80), (90, 1300, 700), (60, 820, 500)]
    faces = face_engine.find(group(1600, 1200, heads))
    assert [round((face.box[2] - face.box[0]) / 10) for face in faces] == [30, 6, 4, 9]


def test_faces_are_numbered_from_the_left(face_engine: MediaPipe) -> None:
    faces = face_engine.find(group(900, 500, [(60, 700, 20), (90, 30, 200), (60, 400, 120)]))
    middles = [middle(face)[0] for face in faces]
    assert len(middles) == 3
    assert middles == sorted(middles)


@pytest.mark.parametrize(
    "name", ["coffee", "chelsea", "rocket", "brick", "grass", "gravel", "moon", "page", "text",
             "colorwheel", "horse", "immunohistochemistry", "retina", "hubble_deep_field", "cell",
             "clock", "checkerboard", "coins"],
)  # fmt: skip
def test_a_picture_without_a_face_has_none(face_engine: MediaPipe, name: str) -> None:
    picture = getattr(skimage.data, name)()
    if picture.dtype == bool:
        picture = picture.astype(np.uint8) * 255
    if picture.ndim == 2:
        picture = np.stack([picture] * 3, axis=-1)
    assert face_engine.find(np.asarray(picture[..., :3], np.uint8)) == []


def test_a_photograph_of_a_motorcycle_has_no_face(face_engine: MediaPipe) -> None:
    left, right, _ = skimage.data.stereo_motorcycle()
    assert face_engine.find(left) == []
    assert face_engine.find(right) == []


def test_a_face_in_profile_is_found(face_engine: MediaPipe) -> None:
    (face,) = face_engine.find(np.stack([skimage.data.camera()] * 3, axis=-1))
    assert np.hypot(*np.subtract(middle(face), (225, 165))) < 20
    assert face.pose.yaw > 35


@pytest.mark.parametrize("margin", [0, 8])
def test_a_face_that_fills_the_picture_is_found(face_engine: MediaPipe, margin: int) -> None:
    picture = scaled(skimage.data.astronaut(), 4)
    left, top, right, bottom = (4 * v for v in (179, 71, 271, 178))
    tight = picture[top - margin : bottom + margin, left - margin : right + margin]
    assert len(face_engine.find(np.ascontiguousarray(tight))) == 1


@pytest.mark.parametrize("shape", [(1, 1), (2, 700), (5000, 3), (40, 30), (30, 20000)])
def test_pictures_of_odd_shape_do_no_harm(face_engine: MediaPipe, shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (*shape, 3)).astype(np.uint8)
    assert face_engine.find(noise) == []


def test_a_mirrored_view_is_as_good_as_a_copy(face_engine: MediaPipe) -> None:
    view = skimage.data.astronaut()[:, ::-1]
    (face,) = face_engine.find(view)
    (same,) = face_engine.find(np.ascontiguousarray(view))
    assert face.box == same.box


def test_a_huge_picture_gives_the_same_face(face_engine: MediaPipe) -> None:
    small = skimage.data.astronaut()
    (face,) = face_engine.find(small)
    (huge,) = face_engine.find(scaled(small, 10))
    assert face.mesh is not None
    assert huge.mesh is not None
    assert np.abs(huge.mesh[:, :2] / 10 - face.mesh[:, :2]).mean() < 0.01 * FACE_WIDTH


def test_threads_share_one_engine(face_engine: MediaPipe) -> None:
    pictures = [skimage.data.astronaut(), group(500, 400, [(70, 10, 10), (50, 300, 200)])]
    alone = [[face.box for face in face_engine.find(picture)] for picture in pictures]
    together: dict[int, list[tuple[float, float, float, float]]] = {}

    def work(n: int) -> None:
        together[n] = [face.box for face in face_engine.find(pictures[n % 2])]

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[n] for n in range(6)] == [alone[n % 2] for n in range(6)]
