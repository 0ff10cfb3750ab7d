"""The InsightFace engine; most of it needs the extra and weights that are not for commerce."""

import importlib.util
import sys
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest
import skimage.data

from deployments.devices.onnx_device import CPU, CUDA, providers, require_cuda
from deployments.face.insightface import PACKS, InsightFace
from deployments.face.mediapipe import MediaPipe
from media.errors import AvatarError
from tests.weights import weights


@pytest.fixture(scope="module")
def engine() -> InsightFace:
    if importlib.util.find_spec("insightface") is None:
        pytest.skip("insightface is not installed: pip install 'avatar-serve[insightface]'")
    try:
        files = weights(*InsightFace.weights_for({}))
    except AvatarError as missing:
        pytest.skip(missing.message)
    return InsightFace.load(files, threads=1)


def test_a_portrait_has_one_face_with_landmarks_and_no_mesh(engine: InsightFace) -> None:
    (face,) = engine.find(skimage.data.astronaut())
    assert face.landmarks.shape == (106, 2)
    assert face.mesh is None
    assert 0.7 < face.score <= 1
    left, top, right, bottom = face.box
    assert left < 224 < right
    assert top < 124 < bottom
    assert (face.landmarks >= [left - 15, top - 25]).all()
    assert (face.landmarks <= [right + 15, bottom + 15]).all()


def test_its_mesh_is_the_one_that_mediapipe_finds(
    engine: InsightFace, face_engine: MediaPipe
) -> None:
    picture = skimage.data.astronaut()
    (face,) = engine.find(picture)
    (other,) = face_engine.find(picture)
    filled = engine.mesh(picture, face)
    assert filled.mesh is not None
    assert filled.blendshapes is not None
    assert other.mesh is not None
    assert np.linalg.norm((filled.mesh - other.mesh)[:, :2], axis=1).mean() < 1.5
    assert filled.landmarks is face.landmarks


def test_its_pose_agrees_with_the_meshs(engine: InsightFace, face_engine: MediaPipe) -> None:
    picture = skimage.data.astronaut()
    for degrees in (-30, 0, 20):
        matrix = cv2.getRotationMatrix2D((225, 124), -degrees, 1.0)
        turned = np.asarray(cv2.warpAffine(picture, matrix, (512, 512)), np.uint8)
        (face,) = engine.find(turned)
        (other,) = face_engine.find(turned)
        assert face.pose.roll == pytest.approx(other.pose.roll, abs=5)
        assert face.pose.yaw == pytest.approx(other.pose.yaw, abs=8)
        assert face.pose.pitch == pytest.approx(other.pose.pitch, abs=12)


def test_faces_of_a_group_are_numbered_from_the_left(engine: InsightFace) -> None:
    head = skimage.data.astronaut()[20:230, 120:330]
    picture = np.asarray(cv2.resize(skimage.data.coffee(), (1200, 800)), np.uint8)
    for scale, left, top in ((0.5, 900, 30), (1.0, 40, 500), (2.0, 400, 200)):
        part = cv2.resize(head, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        picture[top : top + part.shape[0], left : left + part.shape[1]] = part
    faces = engine.find(picture)
    assert [round((face.box[0] + face.box[2]) / 200) for face in faces] == [1, 6, 10]


@pytest.mark.parametrize("scale", [1, 6])
def test_a_face_that_fills_a_picture_of_any_size_is_found(engine: InsightFace, scale: int) -> None:
    picture = skimage.data.astronaut()[40:220, 150:300]
    large = np.asarray(cv2.resize(picture, None, fx=scale * 3, fy=scale * 3), np.uint8)
    (face,) = engine.find(large)
    (nose,) = face.landmarks[[86]]
    assert nose / (scale * 3) == pytest.approx([223.5 - 150, 131 - 40], abs=5)


def test_a_picture_without_a_face_has_none(engine: InsightFace) -> None:
    for picture in (skimage.data.coffee(), skimage.data.chelsea(), skimage.data.rocket()):
        assert engine.find(picture) == []


def test_one_person_is_told_from_another(engine: InsightFace) -> None:
    astronaut = skimage.data.astronaut()
    brighter = np.clip(astronaut[:, ::-1] * 1.2, 0, 255).astype(np.uint8)
    camera = np.stack([skimage.data.camera()] * 3, axis=-1)
    same, again, other = (
        engine.embedding(picture, engine.find(picture)[0])
        for picture in (astronaut, brighter, camera)
    )
    assert np.linalg.norm(same) == pytest.approx(1, abs=1e-5)
    assert same @ again > 0.7
    assert same @ other < 0.3


def test_a_missing_file_says_what_to_fetch(tmp_path: Path) -> None:
    with pytest.raises(AvatarError) as caught:
        InsightFace.load({name: tmp_path / name for name in PACKS["buffalo-s-parts"]}, threads=1)
    assert caught.value.code == "weights_missing"
    assert "avatar-serve weights fetch insightface" in caught.value.message


def test_it_infers_once_before_it_is_asked(engine: InsightFace) -> None:
    engine.warm_up()


def parts() -> dict[str, Path]:
    return dict(weights(*InsightFace.weights_for({})))


def test_another_pack_is_opened_by_its_own_files(engine: InsightFace) -> None:
    files = parts()
    small, large = PACKS["buffalo-s-parts"], PACKS["buffalo-l"]
    # The small pack's networks under the large one's names: they do the same work.
    renamed = dict(zip(large, (files[name] for name in small), strict=True))
    task = {"face_landmarker.task": files["face_landmarker.task"]}
    picture = skimage.data.astronaut()
    other = InsightFace.load(renamed | task, threads=1, pack="buffalo-l")
    np.testing.assert_array_equal(
        other.find(picture)[0].landmarks, engine.find(picture)[0].landmarks
    )
    with pytest.raises(AvatarError, match=r"det_10g.*weights fetch insightface-buffalo-l"):
        InsightFace.load(task, threads=1, pack="buffalo-l")
    with pytest.raises(ValueError, match="pack is one of buffalo-s-parts, buffalo-l"):
        InsightFace.load(files, threads=1, pack="buffalo-x")


def test_a_folder_of_the_operators_is_opened(engine: InsightFace, tmp_path: Path) -> None:
    files = parts()
    task = {"face_landmarker.task": files["face_landmarker.task"]}
    with pytest.raises(AvatarError, match=r"holds no \.onnx file"):
        InsightFace.load(task, threads=1, folder=str(tmp_path))
    detector, landmarks, recognition = (files[name] for name in PACKS["buffalo-s-parts"])
    for number, path in enumerate((landmarks, recognition, detector)):
        if number:  # at first without the landmarks, then without the detector
            (tmp_path / f"{number}.onnx").symlink_to(path)
    with pytest.raises(AvatarError, match="no network for landmark_2d_106") as absent:
        InsightFace.load(task, threads=1, folder=str(tmp_path))
    assert absent.value.code == "weights_missing"
    (tmp_path / "2.onnx").rename(tmp_path / "detector")
    with pytest.raises(AvatarError, match="no network for detection"):
        InsightFace.load(task, threads=1, folder=str(tmp_path))
    (tmp_path / "detector").rename(tmp_path / "2.onnx")
    (tmp_path / "0.onnx").symlink_to(landmarks)
    other = InsightFace.load(task, threads=1, folder=str(tmp_path))
    assert len(other.find(skimage.data.astronaut())) == 1


def test_networks_share_what_an_engine_may_take_of_a_gpu() -> None:
    (cuda, options), cpu = providers("cuda", 1500, 3, [CUDA, CPU])
    assert (cuda, cpu) == (CUDA, CPU)
    assert isinstance(options, dict)
    assert options["gpu_mem_limit"] == 500 * 2**20
    assert options["arena_extend_strategy"] == "kSameAsRequested"
    (_, free), _ = providers("cuda", 0, 3, [CUDA, CPU])
    assert "gpu_mem_limit" not in free
    assert providers("cpu", 1500, 3, [CUDA, CPU]) == [CPU]
    assert providers("auto", 1500, 3, [CPU]) == [CPU]
    assert providers("auto", 1500, 3, [CUDA, CPU])[-1] == CPU
    with pytest.raises(ValueError, match="device is auto, cpu or cuda"):
        providers("tpu", 0, 3, [CPU])


def test_a_gpu_that_is_not_got_is_said_and_not_replaced_by_the_cpu() -> None:
    for refused in (
        lambda: providers("cuda", 0, 3, [CPU]),
        lambda: require_cuda("cuda", [[CUDA, CPU], [CPU]]),
    ):
        with pytest.raises(AvatarError, match="onnxruntime-gpu") as caught:
            refused()
        assert caught.value.code == "invalid_request"
    require_cuda("cuda", [[CUDA, CPU]])
    require_cuda("cpu", [[CPU]])


@pytest.mark.skipif(CUDA in onnxruntime.get_available_providers(), reason="it has CUDA")
def test_an_engine_configured_for_a_gpu_does_not_load_without_one() -> None:
    with pytest.raises(AvatarError, match="this onnxruntime has no CUDA"):
        InsightFace.load(parts(), threads=1, device="cuda", memory_mb=1500)


class Full:
    """A detector as onnxruntime has it on a full GPU, then one with another fault."""

    def __init__(self) -> None:
        self.faults = [RuntimeError("BFCArena: Failed to allocate memory for 9"), KeyError("input")]

    def detect(self, *_: object, **__: object) -> None:
        raise self.faults.pop(0)


def test_a_full_gpu_is_a_fault_that_is_tried_again_and_no_other_is() -> None:
    made = InsightFace.load(parts(), threads=1)
    made._detector = Full()
    picture = skimage.data.astronaut()
    with pytest.raises(AvatarError) as full:
        made.find(picture)
    assert (full.value.code, full.value.retryable) == ("overloaded", True)
    with pytest.raises(KeyError):
        made.find(picture)


def test_a_missing_library_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # None in sys.modules makes an import fail as if nothing were installed.
    monkeypatch.setitem(sys.modules, "insightface", None)
    monkeypatch.setitem(sys.modules, "insightface.app", None)
    for name in PACKS["buffalo-s-parts"]:
        (tmp_path / name).touch()
    with pytest.raises(AvatarError) as caught:
        InsightFace.load({name: tmp_path / name for name in PACKS["buffalo-s-parts"]}, threads=1)
    assert caught.value.code == "weights_missing"
    assert "avatar-serve[insightface]" in caught.value.message
