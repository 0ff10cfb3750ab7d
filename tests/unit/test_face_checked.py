"""Pictures are looked at beside face finding, and refused from a score on."""

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
from numpy.typing import NDArray

from deployments.face.checked import CheckedFaces
from deployments.face.deployment import FaceStage
from deployments.loading import FaceConfig, load_engine, weights_of
from media.errors import AvatarError
from media.face import Face, Picture
from serve.settings import Settings
from serve.weights.configured import configured_weights
from serve.weights.manifest import load_manifest
from tests.engines import RedCorner
from tests.fakes import face_in

OURS = "tests.unit.test_face_checked"


class OneFace:
    """Finds one face in everything, slowly if asked."""

    weights = ()

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.warmed = 0

    @classmethod
    def load(cls, files: Mapping[str, Path], *, threads: int) -> Self:
        return cls()

    def warm_up(self) -> None:
        self.warmed += 1

    def find(self, picture: Picture) -> list[Face]:
        time.sleep(self.seconds)
        return [face_in((0.2, 0.2, 0.8, 0.8), 64, 64, meshed=False)]

    def mesh(self, picture: Picture, face: Face) -> Face:
        return face_in((0.2, 0.2, 0.8, 0.8), 64, 64, meshed=True)


def grey(level: int) -> Picture:
    return np.full((64, 64, 3), level, np.uint8)


def checked(
    finder: OneFace | None = None, check: Any = None, threshold: float = 0.8
) -> CheckedFaces:
    return CheckedFaces(finder or OneFace(), check or RedCorner(), threshold, workers=2)


@pytest.mark.parametrize(("level", "refused"), [(0, False), (203, False), (204, True), (255, True)])
def test_a_picture_is_refused_from_the_threshold_on(level: int, refused: bool) -> None:
    engine = checked(threshold=0.8)
    if not refused:
        assert len(engine.find(grey(level))) == 1
        return
    with pytest.raises(AvatarError, match="choose another") as caught:
        engine.find(grey(level))
    assert (caught.value.code, caught.value.retryable) == ("unsafe_image", False)


def test_a_score_that_is_no_number_refuses() -> None:
    class Lost(RedCorner):
        def score(self, prepared: NDArray[np.float32]) -> float:
            return float("nan")

    with pytest.raises(AvatarError, match="choose another"):
        checked(check=Lost()).find(grey(0))


def test_a_check_that_fails_lets_nothing_through() -> None:
    class Broken(RedCorner):
        def score(self, prepared: NDArray[np.float32]) -> float:
            raise RuntimeError("no memory")

    with pytest.raises(RuntimeError, match="no memory"):
        checked(check=Broken()).find(grey(0))


def test_the_look_runs_beside_the_finding() -> None:
    """Each waits for the other to have begun: one after the other, neither would end."""
    both = threading.Barrier(2, timeout=10)

    class MeetingFace(OneFace):
        def find(self, picture: Picture) -> list[Face]:
            both.wait()
            return super().find(picture)

    class MeetingCheck(RedCorner):
        def score(self, prepared: NDArray[np.float32]) -> float:
            both.wait()
            return super().score(prepared)

    assert len(checked(MeetingFace(), MeetingCheck()).find(grey(0))) == 1


def test_a_picture_that_comes_again_is_not_looked_at_again() -> None:
    check = RedCorner()
    engine = checked(check=check)
    bright = grey(255)
    for _ in range(3):
        engine.find(grey(10))
        with pytest.raises(AvatarError):
            engine.find(bright)
    assert check.looks == 2
    bright[1:] = 0  # which the check does not look at
    with pytest.raises(AvatarError):
        engine.find(bright)
    assert check.looks == 2


def test_few_scores_are_remembered() -> None:
    check = RedCorner()
    engine = checked(check=check)
    pictures = [grey(0) for _ in range(300)]
    for n, picture in enumerate(pictures):
        picture[0, 1, :2] = n % 256, n // 256
        engine.find(picture)
    engine.find(pictures[-1])
    assert check.looks == 300
    engine.find(pictures[0])
    assert check.looks == 301


def test_the_mesh_is_the_finders_and_both_are_warmed() -> None:
    finder, check = OneFace(), RedCorner()
    engine = checked(finder, check)
    engine.warm_up()
    assert (finder.warmed, check.warmed) == (1, 1)
    (face,) = engine.find(grey(0))
    assert engine.mesh(grey(0), face).mesh is not None


def config(**check: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"engine": f"{OURS}:OneFace"}
    return found | {"check": {"engine": "tests.engines:RedCorner"} | check} if check else found


async def test_the_stage_checks_by_its_config_and_says_so() -> None:
    stage = FaceStage.func_or_class()
    assert await stage.about() == {"state": "starting"}
    await stage.reconfigure(config())
    assert (await stage.about())["check"] == {"state": "off"}
    assert len(await stage.find(grey(255))) == 1
    await stage.reconfigure(config(threshold=0.5))
    told = {"state": "ready", "engine": "tests.engines:RedCorner", "threshold": 0.5}
    assert (await stage.about())["check"] == told
    with pytest.raises(AvatarError, match="choose another"):
        await stage.find(grey(128))
    await stage.reconfigure(config(threshold=0.9))
    assert len(await stage.find(grey(128))) == 1


async def test_a_check_whose_weights_are_missing_lets_no_picture_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AVATAR_WEIGHTS_DIR", str(tmp_path))
    stage = FaceStage.func_or_class()
    await stage.reconfigure(config(engine="deployments.face.open_nsfw:OpenNSFW"))
    about = await stage.about()
    assert (about["state"], about["error"]) == ("failed", "weights_missing")
    assert "`avatar-serve weights fetch open-nsfw`" in about["message"]
    assert about["check"]["state"] == "failed"
    with pytest.raises(AvatarError, match="open-nsfw"):
        await stage.find(grey(0))


@pytest.mark.parametrize(
    "slip",
    [{"threshold": 0}, {"threshold": 1.1}, {"treshold": 0.5}, {"workers": 2}, {"engine": "x"}],
)
def test_a_check_with_a_slip_is_refused(slip: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"check\."):
        FaceConfig.model_validate(config(**slip))


def test_an_option_that_the_check_does_not_take_is_refused() -> None:
    with pytest.raises(ValueError, match="takes no option speed"):
        load_engine(FaceConfig.model_validate(config(options={"speed": 1})), Settings())


def test_its_weights_belong_to_the_stage(tmp_path: Path) -> None:
    ours = {"engine": "deployments.face.open_nsfw:OpenNSFW"}
    whole = FaceConfig.model_validate(
        {"engine": "deployments.face.mediapipe:MediaPipe", "check": ours}
    )
    assert weights_of(whole) == ("mediapipe-face-landmarker", "open-nsfw")
    path = tmp_path / "own.yaml"
    user = "user_config: {engine: 'a.b:C', check: {engine: 'deployments.face.open_nsfw:OpenNSFW'}}"
    path.write_text(f"applications: [{{deployments: [{{name: Face, {user}}}]}}]")
    assert configured_weights(path, load_manifest()) == ["open-nsfw"]
