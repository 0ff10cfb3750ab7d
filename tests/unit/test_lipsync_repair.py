"""What the repairing network sees of a mouth, and that what it adds lands where it looked.

tests/data/repair_tints.onnx, made by the script beside it, is a network that adds 40 red on the
lips and inside, and takes 20 green from the inside.
"""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

import gallery
from deployments.face.mediapipe import MediaPipe
from deployments.lipsync import repair
from deployments.lipsync.engine import LipsyncCall
from deployments.lipsync.landmarks import face_frame
from deployments.lipsync.mouth_field import MouthField, Moved, mouth_field, move
from deployments.lipsync.mouth_shapes import SHAPES
from deployments.lipsync.repair import HEIGHT, SCALE, WIDTH, Place, Repairer, find_place
from deployments.lipsync.warp import Warp
from media.errors import AvatarError
from media.face import Picture, Portrait
from media.sound import Sound
from tests.weights import weights

TINTS = Path(__file__).parents[1] / "data" / "repair_tints.onnx"
OPEN = np.array([0.2, *[0] * (len(SHAPES) - 1)], np.float32)


@pytest.fixture(scope="module")
def faces() -> MediaPipe:
    return MediaPipe.load(weights(*MediaPipe.weights), threads=1)


def prepared(faces: MediaPipe, picture: Picture) -> tuple[MouthField, Picture, Place, Moved]:
    (face,) = faces.find(picture)
    assert face.mesh is not None
    frame = face_frame(face.mesh)
    field = mouth_field(face.mesh, frame, (picture.shape[1], picture.shape[0]))
    box = field.rectangle
    rgb = picture[box.y : box.y + box.height, box.x : box.x + box.width].copy()
    return field, rgb, find_place(field, frame, rgb), move(field, OPEN)


@pytest.mark.parametrize("side", [300, 512, 1500])
def test_the_crop_is_of_one_scale_whatever_the_pictures_size(faces: MediaPipe, side: int) -> None:
    picture = cv2.resize(gallery.picture("kwame"), (side, side), interpolation=cv2.INTER_AREA)
    field, _, place, _ = prepared(faces, np.asarray(picture, np.uint8))
    assert place.source.shape == (3, HEIGHT, WIDTH)
    scale = np.sqrt(np.linalg.det(place.forward[:, :2]))
    assert scale * field.unit == pytest.approx(SCALE, rel=0.03)
    assert place.source.std() > 10


def test_the_tint_lands_on_the_lips_and_nowhere_else(faces: MediaPipe) -> None:
    _, rgb, place, moved = prepared(faces, gallery.picture("clara"))
    made = rgb.copy()
    Repairer.load(TINTS, threads=1).repair(place, [made], [moved])
    added = made.astype(int) - rgb
    outline = np.vstack([moved.upper_outline, moved.lower_outline[::-1]])
    lips = np.zeros(rgb.shape[:2], np.uint8)
    cv2.fillPoly(lips, [np.rint(outline).astype(np.int32)], 1)
    middle = cv2.erode(lips, np.ones((5, 5), np.uint8)).astype(bool)
    outside = ~cv2.dilate(lips, np.ones((13, 13), np.uint8)).astype(bool)
    assert added[..., 0][middle].mean() == pytest.approx(40, abs=1.5)
    assert not added[outside].any()


def test_a_turned_head_is_repaired_along_its_own_axes(faces: MediaPipe) -> None:
    turn = cv2.getRotationMatrix2D((256, 256), 25, 0.8)
    picture = cv2.warpAffine(gallery.picture("clara"), turn, (512, 512))
    _, rgb, place, moved = prepared(faces, np.asarray(picture, np.uint8))
    made = rgb.copy()
    Repairer.load(TINTS, threads=1).repair(place, [made], [moved])
    red = (made.astype(int) - rgb)[..., 0]
    outline = np.vstack([moved.upper_outline, moved.lower_outline[::-1]])
    lips = np.zeros(rgb.shape[:2], np.uint8)
    cv2.fillPoly(lips, [np.rint(outline).astype(np.int32)], 1)
    assert red[lips > 0].mean() > 33
    assert np.abs(red[lips == 0]).mean() < 0.6


def test_several_frames_are_repaired_as_each_alone(faces: MediaPipe) -> None:
    field, rgb, place, wide = prepared(faces, gallery.picture("clara"))
    shapes = [wide, move(field, 0 * OPEN), move(field, OPEN / 2)]
    repairer = Repairer.load(TINTS, threads=1)
    together, alone = ([rgb.copy() for _ in shapes] for _ in range(2))
    repairer.repair(place, together, shapes)
    for one, lips in zip(alone, shapes, strict=True):
        repairer.repair(place, [one], [lips])
    for a, b in zip(together, alone, strict=True):
        assert np.array_equal(a, b)


def test_the_engine_repairs_its_mouths_where_a_network_is_named(faces: MediaPipe) -> None:
    picture = gallery.picture("clara")
    (face,) = faces.find(picture)
    plain, repairing = (Warp.load({}, threads=1, repair=name) for name in (False, str(TINTS)))
    silence = Sound(np.zeros(16_000, np.float32), 16_000, 0)
    call = LipsyncCall("x", Fraction(25), 0, 2, silence, 0, False)
    portrait = Portrait(picture, face)
    (a, *_), (b, *_) = (
        engine.frames([(engine.prepare(portrait), call)])[0] for engine in (plain, repairing)
    )
    assert a.patches[0].planes.shape == b.patches[0].planes.shape
    assert not np.array_equal(a.patches[0].planes, b.patches[0].planes)


@pytest.mark.parametrize("content", [None, b"", b"not a network"])
def test_a_file_that_is_no_repairing_network_is_refused(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "other.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AvatarError) as refused:
        Repairer.load(path, threads=1)
    assert refused.value.code == "weights_missing"


def test_another_network_is_refused() -> None:
    mouth = Path(__file__).parents[2] / "deployments" / "lipsync" / "mouth.onnx"
    with pytest.raises(AvatarError, match="training/lips"):
        Repairer.load(mouth, threads=1)


def test_the_shipped_network_fills_open_mouths_and_leaves_the_rest(faces: MediaPipe) -> None:
    field, rgb, place, wide = prepared(faces, gallery.picture("clara"))
    shut = move(field, 0 * OPEN)
    made = [rgb.copy(), rgb.copy()]
    Repairer.load(threads=1).repair(place, made, [shut, wide])
    outline = np.vstack([wide.upper_outline, wide.lower_outline[::-1]])
    lips = np.zeros(rgb.shape[:2], np.uint8)
    cv2.fillPoly(lips, [np.rint(outline).astype(np.int32)], 1)
    far = ~cv2.dilate(lips, np.ones((61, 61), np.uint8)).astype(bool)
    closed, opened = (np.abs(m.astype(int) - rgb).mean(axis=2) for m in made)
    assert not closed[far].any()
    assert not opened[far].any()
    assert closed[lips > 0].mean() < 6
    assert opened[lips > 0].mean() > closed[lips > 0].mean() + 3


def test_a_changed_network_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repair, "SHIPPED_SHA256", "0" * 64)
    with pytest.raises(ValueError, match="made with"):
        Repairer.load(threads=1)
