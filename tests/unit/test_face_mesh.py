"""Where the mesh and the expression lie, and that moving the picture moves them along."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import skimage.data

from deployments.face.blendshapes import BLENDSHAPES, SUBSET
from deployments.face.facemesh import Region, crop
from deployments.face.mediapipe import MediaPipe
from media.errors import AvatarError
from media.face import Face, HeadPose, Picture

LIBRARY_MESH = {
    33: (195.3, 100.6),
    133: (213.6, 103.6),
    362: (236.4, 104.9),
    263: (255.3, 103.8),
    1: (223.5, 131.1),
    61: (202.3, 139.2),
    291: (244.5, 140.6),
    13: (223.3, 143.2),
    14: (223.0, 149.2),
    152: (221.4, 177.4),
    234: (180.9, 109.9),
    454: (269.8, 114.4),
    468: (203.5, 101.1),
    473: (246.0, 103.5),
}
"""Pixels that mediapipe 1.2.2 gives for points of skimage's astronaut."""

LIBRARY_BLENDSHAPES = {
    "mouthSmileLeft": 0.899,
    "mouthSmileRight": 0.904,
    "mouthUpperUpLeft": 0.468,
    "mouthUpperUpRight": 0.474,
    "eyeSquintLeft": 0.350,
    "eyeSquintRight": 0.271,
    "jawOpen": 0.0,
    "mouthPucker": 0.0,
    "eyeBlinkLeft": 0.0,
}
"""Coefficients that mediapipe 1.2.2 gives for skimage's astronaut; 0.0 is below 0.05."""


def only(engine: MediaPipe, picture: Picture) -> tuple[Face, np.ndarray]:
    (face,) = engine.find(picture)
    assert face.mesh is not None
    return face, face.mesh


def coefficients(face: Face) -> dict[str, float]:
    assert face.blendshapes is not None
    return {name: float(value) for name, value in zip(BLENDSHAPES, face.blendshapes, strict=True)}


def turned(picture: Picture, degrees: float) -> tuple[Picture, np.ndarray]:
    """The picture turned counter-clockwise about the face, and the matrix that did it."""
    matrix = cv2.getRotationMatrix2D((225, 124), degrees, 1.0)
    height, width = picture.shape[:2]
    return np.asarray(cv2.warpAffine(picture, matrix, (width, height)), np.uint8), matrix


def apart(a: np.ndarray, b: np.ndarray) -> float:
    """Mean distance of points, in pixels."""
    return float(np.linalg.norm(a[:, :2] - b[:, :2], axis=1).mean())


def test_the_mesh_lies_where_the_mediapipe_library_puts_it(face_engine: MediaPipe) -> None:
    _, mesh = only(face_engine, skimage.data.astronaut())
    expected = np.array(list(LIBRARY_MESH.values()))
    assert np.abs(mesh[list(LIBRARY_MESH), :2] - expected).max() < 2


def test_the_expression_is_the_one_the_mediapipe_library_reads(face_engine: MediaPipe) -> None:
    face, _ = only(face_engine, skimage.data.astronaut())
    found = coefficients(face)
    for name, value in LIBRARY_BLENDSHAPES.items():
        assert found[name] == pytest.approx(value, abs=0.12), name


def test_the_nose_is_nearer_than_the_ears(face_engine: MediaPipe) -> None:
    _, mesh = only(face_engine, skimage.data.astronaut())
    assert mesh[1, 2] < mesh[[234, 454], 2].min() - 40


@pytest.mark.parametrize("degrees", [-35.0, 20.0, 60.0])
def test_turning_the_picture_turns_the_mesh(face_engine: MediaPipe, degrees: float) -> None:
    _, mesh = only(face_engine, skimage.data.astronaut())
    picture, matrix = turned(skimage.data.astronaut(), degrees)
    _, moved = only(face_engine, picture)
    assert apart(moved, mesh[:, :2] @ matrix[:, :2].T + matrix[:, 2]) < 1.5


@pytest.mark.parametrize("scale", [0.4, 2.0, 5.0])
def test_scaling_the_picture_scales_the_mesh(face_engine: MediaPipe, scale: float) -> None:
    picture = skimage.data.astronaut()
    _, mesh = only(face_engine, picture)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    larger = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=method)
    _, moved = only(face_engine, np.asarray(larger, np.uint8))
    # At 0.4 the face is 37 pixels wide.
    assert apart(moved / scale, mesh) < 2
    assert np.abs(moved[:, 2] / scale - mesh[:, 2]).mean() < 1.5


def test_mirroring_swaps_left_and_right(face_engine: MediaPipe) -> None:
    face, mesh = only(face_engine, skimage.data.astronaut())
    other, mirrored = only(face_engine, skimage.data.astronaut()[:, ::-1])
    assert np.abs((511 - mirrored[263, 0]) - mesh[33, 0]) < 1.5
    assert np.abs((511 - mirrored[61, 0]) - mesh[291, 0]) < 1.5
    ours, theirs = coefficients(face), coefficients(other)
    assert theirs["mouthSmileRight"] == pytest.approx(ours["mouthSmileLeft"], abs=0.1)


def test_the_mesh_is_found_again_from_a_box_alone(face_engine: MediaPipe) -> None:
    face, mesh = only(face_engine, skimage.data.astronaut())
    left, top, right, bottom = face.box
    boxed = replace(
        face,
        box=(left - 4, top + 6, right + 2, bottom + 5),
        landmarks=np.zeros((106, 2), np.float32),
        mesh=None,
        blendshapes=None,
    )
    again = face_engine.mesh(skimage.data.astronaut(), boxed)
    assert again.mesh is not None
    assert again.blendshapes is not None
    assert apart(again.mesh, mesh) < 1
    assert again.box == boxed.box
    assert again.landmarks is boxed.landmarks


def test_the_roll_tells_how_a_box_is_turned(face_engine: MediaPipe) -> None:
    picture, _ = turned(skimage.data.astronaut(), 70)
    face, mesh = only(face_engine, picture)
    again = face_engine.mesh(picture, replace(face, mesh=None))
    assert again.mesh is not None
    assert apart(again.mesh, mesh) < 1


def test_no_mesh_is_put_where_no_face_is(face_engine: MediaPipe) -> None:
    nowhere = Face(
        box=(50.0, 50.0, 180.0, 200.0),
        score=0.9,
        pose=HeadPose(0.0, 0.0, 0.0),
        landmarks=np.zeros((106, 2), np.float32),
    )
    with pytest.raises(AvatarError) as caught:
        face_engine.mesh(skimage.data.brick()[..., None].repeat(3, axis=2), nowhere)
    assert caught.value.code == "no_face"


def test_the_names_of_the_coefficients_are_unique() -> None:
    assert len(BLENDSHAPES) == len(set(BLENDSHAPES)) == 52
    assert BLENDSHAPES[0] == "_neutral"


def test_the_expression_is_read_from_146_points_irises_included() -> None:
    assert SUBSET.shape == (146,)
    assert (np.diff(SUBSET) > 0).all()
    assert set(range(468, 478)) <= set(SUBSET.tolist())


@pytest.mark.parametrize("side", [180.0, 700.0, 1500.0])
def test_a_crop_shows_what_its_matrix_says(side: float) -> None:
    """A picture of its own coordinates: each pixel of a crop must hold where it came from."""
    y, x = np.mgrid[0:2400, 0:2400] / 2400 * 255
    picture = np.stack([x, y, np.zeros_like(x)], axis=-1).astype(np.uint8)
    region = Region(1200, 1150, side, 0.5)
    part = crop(picture, region)
    v, u = np.mgrid[10:246:20, 10:246:20]
    places = np.stack([u, v, np.ones_like(u)], axis=-1) @ region.matrix().T
    assert np.abs(part[v, u, :2] - places / 2400 * 255).max() < 2


def test_a_crop_past_the_edge_repeats_the_last_pixels() -> None:
    picture = np.full((50, 60, 3), 90, np.uint8)
    assert (crop(picture, Region(0, 0, 400, 0.3)) == 90).all()
    assert (crop(picture, Region(-500, 900, 100, 0.0)) == 90).all()
