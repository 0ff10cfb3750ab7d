"""Bundles that are missing or not what they should be, and options that do not exist."""

import zipfile
from pathlib import Path

import pytest

from deployments.face.insightface import InsightFace
from deployments.face.mediapipe import TASK, MediaPipe
from deployments.face.tflite import read_task
from media.errors import AvatarError
from serve.weights.manifest import load_manifest
from tests.weights import weights


def bundle(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


def test_a_missing_bundle_says_what_to_do(tmp_path: Path) -> None:
    for files in ({}, {TASK: tmp_path / TASK}):
        with pytest.raises(AvatarError) as caught:
            MediaPipe.load(files, threads=1)
        assert caught.value.code == "weights_missing"
        assert "avatar-serve weights fetch" in caught.value.message


def test_a_file_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    (tmp_path / TASK).write_bytes(b"not a zip file")
    with pytest.raises(AvatarError, match="cannot be read"):
        MediaPipe.load({TASK: tmp_path / TASK}, threads=1)


def test_a_bundle_without_a_member_is_refused(tmp_path: Path) -> None:
    path = bundle(tmp_path / TASK, {"face_detector.tflite": b"x"})
    with pytest.raises(AvatarError, match="cannot be read"):
        MediaPipe.load({TASK: path}, threads=1)


def test_a_bundle_of_garbage_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(weights("mediapipe-face-landmarker")[TASK]) as whole:
        names = whole.namelist()
    path = bundle(tmp_path / TASK, dict.fromkeys(names, b"\x00garbage" * 40))
    with pytest.raises(AvatarError, match="cannot be read"):
        MediaPipe.load({TASK: path}, threads=1)


def test_members_are_read_whole(tmp_path: Path) -> None:
    path = bundle(tmp_path / TASK, {"a": b"one", "b": b"two"})
    assert read_task(path, ("b",)) == {"b": b"two"}


@pytest.mark.parametrize("engine", [MediaPipe, InsightFace])
def test_unknown_options_are_refused(engine: type[MediaPipe] | type[InsightFace]) -> None:
    with pytest.raises(TypeError, match="speed"):
        engine.load({}, threads=1, speed="fast")


@pytest.mark.parametrize("engine", [MediaPipe, InsightFace])
def test_the_manifest_has_what_an_engine_loads(
    engine: type[MediaPipe] | type[InsightFace],
) -> None:
    manifest = load_manifest()
    assert set(engine.weights) <= set(manifest)
    assert all(manifest[name].stage == "face" for name in engine.weights)
