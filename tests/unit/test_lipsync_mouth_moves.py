"""A frame's mouth is fetched from the mouth at rest: as it was, shifted, alone or among others."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import gallery
from deployments.face.mediapipe import MediaPipe
from deployments.lipsync.landmarks import face_frame
from deployments.lipsync.mouth_field import ENLARGED, MouthField, mouth_field
from deployments.lipsync.mouth_moves import Moved, move, moves
from deployments.lipsync.mouth_rest import Rest
from deployments.lipsync.mouth_shapes import SHAPES
from media.colour import chroma, to_i420
from media.patch import Planes

HEIGHT, WIDTH = 60, 80
LINE = np.zeros((11, 2), np.float32)


@pytest.fixture
def mouth() -> Planes:
    return np.random.default_rng(0).integers(0, 256, (HEIGHT * 3 // 2, WIDTH), np.uint8)


def shifted(across: float, down: float) -> Moved:
    """Every pixel from so many pixels to the right and below."""
    middle = (ENLARGED - 1) / 2
    ys, xs = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    at = (ENLARGED * (xs + across) + middle, ENLARGED * (ys + down) + middle)
    return Moved(*(places.astype(np.float32) for places in at), LINE, LINE, LINE, LINE)


def test_a_mouth_that_does_not_move_is_the_pictures_own(mouth: Planes) -> None:
    assert np.array_equal(Rest.of(mouth).moved(shifted(0, 0)), mouth)


def test_luma_and_chroma_are_fetched_from_the_same_place(mouth: Planes) -> None:
    made = Rest.of(mouth).moved(shifted(4, 2))
    assert np.array_equal(made[: HEIGHT - 2, : WIDTH - 4], mouth[2:HEIGHT, 4:])
    for now, before in zip(chroma(made, HEIGHT), chroma(mouth, HEIGHT), strict=True):
        assert np.array_equal(now[:-1, :-2], before[1:, 2:])


@pytest.mark.parametrize("name", ["clara", "kwame"])
@pytest.mark.parametrize("on", [0.25, 0.5])
def test_a_face_between_pixels_is_as_sharp_as_by_a_cubic_fetch(name: str, on: float) -> None:
    whole = cv2.resize(gallery.picture(name), (512, 512), interpolation=cv2.INTER_AREA)
    picture = to_i420(np.ascontiguousarray(whole[300 : 300 + HEIGHT, 210 : 210 + WIDTH]))
    ys, xs = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32) + np.float32(on)
    luma = picture[:HEIGHT]
    cubic = cv2.remap(luma, xs, ys, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    linear = cv2.remap(luma, xs, ys, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    ours = Rest.of(picture).moved(shifted(on, on))[:HEIGHT]
    assert sharpness(ours) > 0.98 * sharpness(cubic)
    assert sharpness(ours) > 1.1 * sharpness(linear)


def sharpness(luma: NDArray[np.generic]) -> float:
    """The spread of the Laplacian, away from the rim."""
    return float(cv2.Laplacian(np.asarray(luma), cv2.CV_32F)[4:-4, 4:-4].std())


@pytest.fixture(scope="module")
def field(face_engine: MediaPipe) -> MouthField:
    picture = gallery.picture("clara")
    (face,) = face_engine.find(picture)
    assert face.mesh is not None
    return mouth_field(face.mesh, face_frame(face.mesh), (picture.shape[1], picture.shape[0]))


def test_frames_move_together_as_each_alone(field: MouthField) -> None:
    amounts = np.zeros((3, len(SHAPES)), np.float32)
    amounts[:, 0] = (0.0, 0.1, 0.22)
    amounts[1, 1] = -0.1
    for together, alone in zip(moves(field, amounts), map(move, [field] * 3, amounts), strict=True):
        for a, b in ((together.map_x, alone.map_x), (together.map_y, alone.map_y)):
            assert np.abs(a - b).max() < 0.1 * ENLARGED  # places on the grid are rounded
        assert np.allclose(together.lower_lip, alone.lower_lip, atol=1e-4)


def test_an_opening_pulls_the_jaw_down_and_leaves_the_rim(field: MouthField) -> None:
    rest = move(field, np.zeros(len(SHAPES), np.float32))
    wide = move(field, np.array([0.2, *[0] * (len(SHAPES) - 1)], np.float32))
    down = (rest.map_y - wide.map_y) / ENLARGED
    x, y = field.lower_lip[5].astype(int)
    assert down[y + 60, x] > 20
    assert abs(down[[0, -1]]).max() < 0.01
    assert abs(down[:, [0, -1]]).max() < 0.01
