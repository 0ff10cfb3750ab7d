"""What the repairing network sees of a mouth, and that what it adds lands where it looked.

tests/data/repair_tints.onnx, made by the script beside it, is a network that adds 40 red everywhere
and takes 20 green from the inside.
"""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import gallery
from deployments.face.mediapipe import MediaPipe
from deployments.lipsync import repair
from deployments.lipsync.engine import LipsyncCall
from deployments.lipsync.landmarks import face_frame
from deployments.lipsync.mouth_field import MouthField, mouth_field
from deployments.lipsync.mouth_moves import Moved, move
from deployments.lipsync.mouth_shapes import SHAPES
from deployments.lipsync.repair import (
    BLUR,
    COLUMNS,
    DILATE,
    OF_PICTURE,
    ROWS,
    Place,
    Repairer,
    find_place,
    to_blocks,
)
from deployments.lipsync.repair_crop import HEIGHT, SCALE, WIDTH, look
from deployments.lipsync.warp import Warp
from media.colour import to_i420, to_rgb
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
    return field, rgb, find_place(field, frame, to_i420(rgb)), move(field, OPEN)


def repaired(
    repairer: Repairer, place: Place, rgb: Picture, shapes: Sequence[Moved]
) -> list[NDArray[np.int_]]:
    """What is added to each pixel of a rectangle, which is shown alike under every shape."""
    mouths = [to_i420(rgb) for _ in shapes]
    repairer.repair(place, mouths, shapes)
    return [to_rgb(mouth).astype(int) - to_rgb(to_i420(rgb)) for mouth in mouths]


def lips_of(moved: Moved, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    lips = np.zeros(shape[:2], np.uint8)
    outline = np.vstack([moved.upper_outline, moved.lower_outline[::-1]])
    cv2.fillPoly(lips, [np.rint(outline).astype(np.int32)], 1)
    return lips


def reach(place: Place) -> int:
    """Pixels of the rectangle by which a repair may go beyond the lips, its chroma included."""
    scale = float(np.sqrt(np.linalg.det(place.crop.forward[:, :2])))
    return int((DILATE + BLUR) / 2 / scale) + 4


def grown(lips: NDArray[np.uint8], by: int) -> NDArray[np.bool_]:
    return np.asarray(cv2.dilate(lips, np.ones((2 * by + 1, 2 * by + 1), np.uint8)), bool)


@pytest.mark.parametrize("side", [300, 512, 1500])
def test_the_crop_is_of_one_scale_whatever_the_pictures_size(faces: MediaPipe, side: int) -> None:
    picture = cv2.resize(gallery.picture("kwame"), (side, side), interpolation=cv2.INTER_AREA)
    field, rgb, place, _ = prepared(faces, np.asarray(picture, np.uint8))
    planes = look(place.crop, to_i420(rgb))
    assert [plane.shape for plane in planes] == [(HEIGHT, WIDTH), *[(ROWS, COLUMNS)] * 2]
    seen = to_rgb(np.concatenate([plane.ravel() for plane in planes]).reshape(-1, WIDTH))
    scale = np.sqrt(np.linalg.det(place.crop.forward[:, :2]))
    assert scale * field.unit == pytest.approx(SCALE, rel=0.03)
    # The crop's middle shows what the rectangle has there, chroma included.
    x, y = np.rint(place.crop.back @ (WIDTH / 2, HEIGHT / 2, 1)).astype(int)
    reach = int(2 / scale) + 1
    there = rgb[y - reach : y + reach + 1, x - reach : x + reach + 1].reshape(-1, 3).mean(axis=0)
    middle = seen[HEIGHT // 2 - 2 : HEIGHT // 2 + 3, WIDTH // 2 - 2 : WIDTH // 2 + 3]
    assert middle.reshape(-1, 3).mean(axis=0) == pytest.approx(there, abs=5)


def test_blocks_are_ordered_as_torch_orders_them() -> None:
    torch = pytest.importorskip("torch")
    chance = np.random.default_rng(0)
    luma = chance.integers(0, 256, (HEIGHT, WIDTH), np.uint8)
    u, v = chance.integers(0, 256, (2, ROWS, COLUMNS), np.uint8)
    blocks = np.empty((OF_PICTURE, ROWS, COLUMNS), np.uint8)
    to_blocks((luma, u, v), blocks)
    parted = torch.nn.functional.pixel_unshuffle(torch.from_numpy(luma)[None], 2).numpy()
    assert np.array_equal(blocks, [*parted, u, v])


def test_the_tint_lands_on_the_lips_and_nowhere_else(faces: MediaPipe) -> None:
    _, rgb, place, moved = prepared(faces, gallery.picture("clara"))
    (added,) = repaired(Repairer.load(TINTS, threads=1), place, rgb, [moved])
    lips = lips_of(moved, rgb.shape)
    middle = cv2.erode(lips, np.ones((5, 5), np.uint8)).astype(bool)
    assert added[..., 0][middle].mean() == pytest.approx(40, abs=1.5)
    assert not added[~grown(lips, reach(place))].any()


def test_the_inside_alone_gets_what_it_is_given_in_full(faces: MediaPipe) -> None:
    _, rgb, place, moved = prepared(faces, gallery.picture("clara"))
    (added,) = repaired(Repairer.load(TINTS, threads=1), place, rgb, [moved])
    inside = np.zeros(rgb.shape[:2], np.uint8)
    line = np.vstack([moved.upper_lip, moved.lower_lip[::-1]])
    cv2.fillPoly(inside, [np.rint(line).astype(np.int32)], 1)
    deep = cv2.erode(inside, np.ones((9, 9), np.uint8)).astype(bool)
    assert deep.any()
    assert added[..., 1][deep].mean() == pytest.approx(-20, abs=2)
    beyond = lips_of(moved, rgb.shape).astype(bool) & ~grown(inside, 12)
    assert np.abs(added[..., 1][beyond]).mean() < 3


def test_a_turned_head_is_repaired_along_its_own_axes(faces: MediaPipe) -> None:
    turn = cv2.getRotationMatrix2D((256, 256), 25, 0.8)
    picture = cv2.warpAffine(gallery.picture("clara"), turn, (512, 512))
    _, rgb, place, moved = prepared(faces, np.asarray(picture, np.uint8))
    (added,) = repaired(Repairer.load(TINTS, threads=1), place, rgb, [moved])
    lips = lips_of(moved, rgb.shape)
    assert added[..., 0][lips > 0].mean() > 33
    assert not added[~grown(lips, reach(place))].any()


def test_several_frames_are_repaired_as_each_alone(faces: MediaPipe) -> None:
    field, rgb, place, wide = prepared(faces, gallery.picture("clara"))
    shapes = [wide, move(field, 0 * OPEN), move(field, OPEN / 2)]
    repairer = Repairer.load(TINTS, threads=1)
    together = repaired(repairer, place, rgb, shapes)
    for added, shape in zip(together, shapes, strict=True):
        (alone,) = repaired(repairer, place, rgb, [shape])
        assert np.abs(added - alone).max() <= 1  # means are summed from elsewhere


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
    added = repaired(Repairer.load(threads=1), place, rgb, [shut, wide])
    lips = lips_of(wide, rgb.shape)
    far = ~grown(lips, 30)
    closed, opened = (np.abs(a).mean(axis=2) for a in added)
    assert not closed[far].any()
    assert not opened[far].any()
    assert closed[lips > 0].mean() < 6
    assert opened[lips > 0].mean() > closed[lips > 0].mean() + 3


def test_a_changed_network_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repair, "SHIPPED_SHA256", "0" * 64)
    with pytest.raises(ValueError, match="made with"):
        Repairer.load(threads=1)
