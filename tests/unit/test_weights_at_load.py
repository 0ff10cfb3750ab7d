"""What an engine opens is, byte for byte, what its weights are pinned to."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Self

import pytest

from deployments.face.mediapipe import TASK
from deployments.loading import EngineConfig, load_engine
from media.errors import AvatarError
from serve.settings import Settings
from tests.weights import weights

NAME = "mediapipe-face-landmarker"
FACE = EngineConfig(engine="deployments.face.mediapipe:MediaPipe")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A store of the test's own with the face engine's real weights."""
    (tmp_path / "weights" / NAME).mkdir(parents=True)
    shutil.copyfile(weights(NAME)[TASK], tmp_path / "weights" / NAME / TASK)
    return Settings(data_dir=tmp_path, weights_dir=tmp_path / "weights")


def file_of(settings: Settings) -> Path:
    return settings.weights_dir / NAME / TASK


def change_one_bit(path: Path, at: int = 1_000_000) -> None:
    """In place, and so that neither size nor time of change tell."""
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(at)
        (byte,) = file.read(1)
        file.seek(at)
        file.write(bytes([byte ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size


def test_weights_that_are_whole_are_loaded(settings: Settings) -> None:
    load_engine(FACE, settings).warm_up()


@pytest.mark.parametrize("at", [0, 1_000_000, -1])
def test_one_changed_bit_is_refused_with_what_to_do(settings: Settings, at: int) -> None:
    path = file_of(settings)
    change_one_bit(path, at % path.stat().st_size)
    with pytest.raises(AvatarError) as refused:
        load_engine(FACE, settings)
    assert refused.value.code == "weights_missing"
    assert refused.value.message == (
        f"The weights file {TASK} of {NAME} is damaged: run `avatar-serve weights fetch {NAME}` "
        f"or, with the files at hand, `avatar-serve weights add {NAME} FOLDER`."
    )


class Meddled:
    """An engine whose file is tampered with while it opens it."""

    weights: ClassVar[tuple[str, ...]] = (NAME,)

    @classmethod
    def load(cls, files: Mapping[str, Path], *, threads: int, way: str) -> Self:
        path = files[TASK]
        if way == "written":
            change_one_bit(path)
        elif way == "replaced":
            shutil.copyfile(path, path.with_name("other"))
            path.with_name("other").replace(path)
        elif way == "removed":
            path.unlink()
        return cls()


@pytest.mark.parametrize("way", ["written", "replaced", "removed"])
def test_a_file_that_changes_while_it_is_opened_is_refused(settings: Settings, way: str) -> None:
    config = EngineConfig(engine=f"{__name__}:Meddled", options={"way": way})
    with pytest.raises(AvatarError, match=f"{TASK} of {NAME} was changed while it was opened"):
        load_engine(config, settings)


def test_an_engine_that_only_reads_its_files_is_let_be(settings: Settings) -> None:
    config = EngineConfig(engine=f"{__name__}:Meddled", options={"way": "read"})
    assert isinstance(load_engine(config, settings), Meddled)
