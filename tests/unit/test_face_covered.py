"""Something in front of the mouth is noticed; beards, smiles and shadows are not taken for it."""

import io
from collections.abc import Callable

import cv2
import numpy as np
import pytest
import skimage.data
from PIL import Image

import gallery
from deployments.face import covered
from deployments.face.covered import HEIGHT, WIDTH, MouthCover, mouth_crop
from deployments.face.mediapipe import MediaPipe
from media.errors import AvatarError
from media.face import MOST_COVERED, Face, Picture, Portrait, require_free_mouth
from tests.weights import weights

Mesh = np.ndarray


@pytest.fixture(scope="module")
def cover() -> MouthCover:
    return MouthCover.load()


def found(engine: MediaPipe, picture: Picture) -> Face:
    return engine.mesh(picture, max(engine.find(picture), key=lambda face: face.area))


def ball(picture: Picture, mesh: Mesh) -> None:
    """A dark foam ball on a stick."""
    x, y = np.rint(mesh[14, :2]).astype(int).tolist()
    reach = round(0.42 * float(np.linalg.norm(mesh[61, :2] - mesh[291, :2])))
    cv2.line(picture, (x, y), (x + reach, picture.shape[0]), (60, 60, 64), reach)
    cv2.circle(picture, (x, y), reach, (40, 40, 44), -1, cv2.LINE_AA)


def palm(picture: Picture, mesh: Mesh) -> None:
    """A flat hand in the cheek's own colour."""
    x, y = np.rint(mesh[50, :2]).astype(int).tolist()
    skin = picture[y - 4 : y + 4, x - 4 : x + 4].reshape(-1, 3).mean(axis=0)
    mouth = mesh[13, :2]
    width = float(np.linalg.norm(mesh[61, :2] - mesh[291, :2]))
    for n in range(4):
        tip = mouth + np.array([-0.6 * width, (n - 1.3) * 0.3 * width])
        end = tip + np.array([2.5 * width, 0.4 * width])
        for thick, light in ((0.3, 0.75), (0.24, 0.95), (0.14, 1.05)):
            a, b = (tuple(np.rint(p).astype(int).tolist()) for p in (tip, end))
            cv2.line(picture, a, b, (light * skin).tolist(), round(thick * width), cv2.LINE_AA)


def paper(picture: Picture, mesh: Mesh) -> None:
    """A sheet held up to the nose."""
    top = round(float(mesh[0, 1]))
    picture[top:] = (236, 234, 228)


def crossed_out(picture: Picture, mesh: Mesh) -> None:
    """Half of the mouth behind a page of text."""
    page = cv2.cvtColor(skimage.data.page(), cv2.COLOR_GRAY2RGB)
    x, y = np.rint(mesh[13, :2]).astype(int).tolist()
    side = round(0.8 * float(np.linalg.norm(mesh[61, :2] - mesh[291, :2])))
    picture[y - side : y + side, x : x + 2 * side] = cv2.resize(page, (2 * side, 2 * side))


@pytest.mark.parametrize("name", [avatar.id for avatar in gallery.avatars()])
def test_every_gallery_face_has_a_free_mouth(face_engine: MediaPipe, name: str) -> None:
    assert found(face_engine, gallery.picture(name)).covered < MOST_COVERED / 2


@pytest.mark.parametrize("thing", [ball, palm, paper, crossed_out])
@pytest.mark.parametrize("name", ["amara", "walter", "kwame", "clara"])
def test_what_is_in_front_of_a_mouth_is_noticed(
    face_engine: MediaPipe, cover: MouthCover, name: str, thing: Callable[[Picture, Mesh], None]
) -> None:
    picture = gallery.picture(name).copy()
    mesh = found(face_engine, picture).mesh
    assert mesh is not None
    thing(picture, mesh)
    assert cover.share(picture, mesh) > MOST_COVERED


def test_a_smile_in_a_photograph_is_free(face_engine: MediaPipe, astronaut: Portrait) -> None:
    assert found(face_engine, astronaut.rgb).covered < MOST_COVERED


def jpeg(picture: Picture, quality: int) -> Picture:
    """The picture as a file of that quality shows it."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file), np.uint8)


@pytest.mark.parametrize("quality", [40, 60, 85])
@pytest.mark.parametrize("name", ["astronaut", "amara", "samir", "walter"])
def test_the_blocks_of_a_jpeg_file_are_not_taken_for_a_thing(
    face_engine: MediaPipe, name: str, quality: int
) -> None:
    whole = skimage.data.astronaut() if name == "astronaut" else gallery.picture(name)
    small = cv2.resize(whole, (512, 512), interpolation=cv2.INTER_AREA)
    assert found(face_engine, jpeg(np.asarray(small, np.uint8), quality)).covered < MOST_COVERED


@pytest.mark.parametrize("side", [256, 384])
def test_a_small_photograph_is_free(face_engine: MediaPipe, side: int) -> None:
    small = cv2.resize(skimage.data.astronaut(), (side, side), interpolation=cv2.INTER_AREA)
    assert found(face_engine, np.asarray(small, np.uint8)).covered < MOST_COVERED


@pytest.mark.parametrize("side", [200, 512, 1500])
def test_the_crop_is_the_same_whatever_the_pictures_size(face_engine: MediaPipe, side: int) -> None:
    picture = gallery.picture("kwame")
    mesh = found(face_engine, picture).mesh
    assert mesh is not None
    ratio = side / len(picture)
    resized = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    a, b = (
        mouth_crop(picture, mesh),
        mouth_crop(np.asarray(resized, np.uint8), mesh * np.float32(ratio)),
    )
    assert a.shape == b.shape == (4, HEIGHT, WIDTH)
    assert np.abs(a.astype(int) - b).mean() < 6


def test_a_covered_mouth_is_refused_with_what_to_do(face_engine: MediaPipe) -> None:
    face = found(face_engine, gallery.picture("amara"))
    require_free_mouth(face)
    hidden = Face(face.box, face.score, face.pose, face.landmarks, face.mesh, None, 0.8)
    with pytest.raises(AvatarError, match="no hand, microphone") as refused:
        require_free_mouth(hidden, param="image")
    assert (refused.value.code, refused.value.param) == ("mouth_covered", "image")
    assert not refused.value.retryable


def test_a_changed_network_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(covered, "SHIPPED_SHA256", "0" * 64)
    with pytest.raises(ValueError, match=r"covered\.onnx .* made with"):
        MediaPipe.load(weights(*MediaPipe.weights), threads=1)
