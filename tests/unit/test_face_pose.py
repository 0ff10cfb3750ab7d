"""How the head is turned: the signs of the angles and what moves them."""

import cv2
import numpy as np
import pytest
import skimage.data

from deployments.face.head_pose import CanonicalFace, flat_head_pose, head_pose
from deployments.face.mediapipe import GEOMETRY, TASK, MediaPipe
from deployments.face.tflite import read_task
from media.face import HeadPose, Picture
from tests.weights import weights


@pytest.fixture(scope="module")
def canonical() -> CanonicalFace:
    bundle = weights("mediapipe-face-landmarker")[TASK]
    return CanonicalFace.parse(read_task(bundle, (GEOMETRY,))[GEOMETRY])


def about(axis: int, degrees: float) -> np.ndarray:
    """Rotation by the right-hand rule about x (right), y (down) or z (away)."""
    angle = np.radians(degrees)
    i, j = [(1, 2), (2, 0), (0, 1)][axis]
    matrix = np.eye(3)
    matrix[i, i] = matrix[j, j] = np.cos(angle)
    matrix[i, j], matrix[j, i] = -np.sin(angle), np.sin(angle)
    return matrix


def posed(canonical: CanonicalFace, turn: np.ndarray) -> np.ndarray:
    """The canonical face in a picture, turned, 40 pixels a centimetre."""
    mesh = np.zeros((478, 3))
    mesh[:468] = canonical.mesh @ turn.T * 40 + [600, 500, 0]
    return mesh.astype(np.float32)


def values(pose: HeadPose) -> tuple[float, float, float]:
    return pose.yaw, pose.pitch, pose.roll


def test_the_canonical_face_looks_straight_ahead(canonical: CanonicalFace) -> None:
    ahead = head_pose(posed(canonical, np.eye(3)), canonical)
    assert values(ahead) == pytest.approx((0, 0, 0), abs=1e-3)
    eyes, chin, nose = canonical.mesh[[33, 263]], canonical.mesh[152], canonical.mesh[1]
    assert eyes[0, 0] < 0 < eyes[1, 0]
    assert chin[1] > eyes[:, 1].max()
    assert nose[2] < canonical.mesh[:, 2].mean()


@pytest.mark.parametrize("yaw", [-40.0, 0.0, 25.0])
@pytest.mark.parametrize("pitch", [-20.0, 0.0, 30.0])
@pytest.mark.parametrize("roll", [-60.0, 0.0, 15.0])
def test_known_angles_are_read_back(
    canonical: CanonicalFace, yaw: float, pitch: float, roll: float
) -> None:
    # About y (down) and x (right) the right-hand rule turns the gaze left and down.
    turn = about(2, roll) @ about(1, -yaw) @ about(0, -pitch)
    mesh = posed(canonical, turn)
    assert values(head_pose(mesh, canonical)) == pytest.approx((yaw, pitch, roll), abs=0.01)
    points = [33, 133, 362, 263, 168, 4, 2, 61, 291, 152]
    flat = flat_head_pose(mesh[points, :2], points, canonical)
    assert values(flat) == pytest.approx((yaw, pitch, roll), abs=0.01)


def test_the_nose_moves_to_the_right_with_a_positive_yaw_and_up_with_a_positive_pitch(
    canonical: CanonicalFace,
) -> None:
    right = posed(canonical, about(1, -20))
    up = posed(canonical, about(0, -20))
    for mesh, axis, sign in ((right, 0, 1), (up, 1, -1)):
        nose = mesh[1, axis] - mesh[[33, 263, 61, 291], axis].mean()
        still = canonical.mesh[1, axis] * 40 - canonical.mesh[[33, 263, 61, 291], axis].mean() * 40
        assert sign * (nose - still) > 20
    assert head_pose(right, canonical).yaw == pytest.approx(20, abs=0.01)
    assert head_pose(up, canonical).pitch == pytest.approx(20, abs=0.01)


def turned(picture: Picture, degrees: float) -> Picture:
    """The picture turned clockwise about the astronaut's face."""
    # OpenCV's angle is counter-clockwise.
    matrix = cv2.getRotationMatrix2D((225, 124), -degrees, 1.0)
    return np.asarray(cv2.warpAffine(picture, matrix, (512, 512)), np.uint8)


def pose_of(engine: MediaPipe, picture: Picture) -> HeadPose:
    (face,) = engine.find(picture)
    return face.pose


def test_a_photographed_head_that_looks_right_has_a_positive_yaw(face_engine: MediaPipe) -> None:
    camera = np.stack([skimage.data.camera()] * 3, axis=-1)
    assert 35 < pose_of(face_engine, camera).yaw < 75


def test_mirroring_a_picture_changes_the_sign_of_yaw_and_roll(face_engine: MediaPipe) -> None:
    picture = turned(skimage.data.astronaut(), 25)
    pose, mirrored = pose_of(face_engine, picture), pose_of(face_engine, picture[:, ::-1])
    assert pose.roll > 20
    assert mirrored.roll == pytest.approx(-pose.roll, abs=2)
    assert mirrored.yaw == pytest.approx(-pose.yaw, abs=3)
    assert mirrored.pitch == pytest.approx(pose.pitch, abs=3)


@pytest.mark.parametrize("degrees", [-30, 20, 45])
def test_turning_a_picture_clockwise_adds_to_roll_alone(
    face_engine: MediaPipe, degrees: int
) -> None:
    picture = skimage.data.astronaut()
    before = pose_of(face_engine, picture)
    after = pose_of(face_engine, turned(picture, degrees))
    assert after.roll - before.roll == pytest.approx(degrees, abs=1.5)
    assert after.yaw == pytest.approx(before.yaw, abs=3)
    assert after.pitch == pytest.approx(before.pitch, abs=3)


@pytest.mark.parametrize("damage", [b"", b"\x0a\xff\xff\xff\x7f", b"\x0b", b"\xff" * 20])
def test_damaged_geometry_is_refused(damage: bytes) -> None:
    with pytest.raises(ValueError, match=r"canonical|cut short|wire type"):
        CanonicalFace.parse(damage)
