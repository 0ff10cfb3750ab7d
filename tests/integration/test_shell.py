"""A replica without its weights says so, and works as soon as they are there."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from deployments.shell import EngineShell
from media.errors import AvatarError
from tests.weights import weights


def config(file: Path) -> dict[str, object]:
    return {"engine": "tests.engines:Awaited", "options": {"file": str(file)}}


async def until_loaded(shell: EngineShell) -> Any:
    async with asyncio.timeout(10):
        while True:
            await shell.check_health()
            await asyncio.sleep(0.05)
            try:
                engine = shell.engine
            except AvatarError:
                continue
            return engine


async def test_a_replica_has_inferred_before_it_is_ready(tmp_path: Path) -> None:
    (tmp_path / "net").touch()
    shell = EngineShell()
    assert await shell.about() == {"state": "starting"}
    await shell.reconfigure(config(tmp_path / "net"))
    assert shell.engine.inferred == 1
    about = await shell.about()
    assert (about["state"], about["gpu_memory_peak_mb"]) == ("ready", 1234)
    assert about["weights"] == []  # what the options choose, not all that the engine can load


async def test_missing_weights_are_named_to_everybody_who_asks(tmp_path: Path) -> None:
    shell = EngineShell()
    await shell.reconfigure(config(tmp_path / "net"))
    about = await shell.about()
    assert (about["state"], about["error"]) == ("failed", "weights_missing")
    assert about["message"] == "net is missing: put it there."
    assert about["engine"] == "tests.engines:Awaited"
    with pytest.raises(AvatarError, match="net is missing"):
        _ = shell.engine


async def test_a_library_that_is_not_installed_is_named_with_the_command_that_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "needy.py").write_text("import nowhere_to_be_found\n\nclass Needy: ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    shell = EngineShell()
    await shell.reconfigure({"engine": "needy:Needy"})
    about = await shell.about()
    assert about["state"] == "failed"
    assert "pip install nowhere_to_be_found" in about["message"]


async def test_an_engine_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ModuleNotFoundError):
        await EngineShell().reconfigure({"engine": "deployments.lipsync.nothing:Nothing"})


async def test_weights_that_come_later_are_taken_up_without_a_restart(tmp_path: Path) -> None:
    shell = EngineShell()
    await shell.reconfigure(config(tmp_path / "net"))
    (tmp_path / "net").touch()
    engine = await until_loaded(shell)
    assert engine.inferred == 1
    assert (await shell.about())["state"] == "ready"


async def test_a_config_that_no_weights_can_mend_is_refused(tmp_path: Path) -> None:
    shell = EngineShell()
    wrong = {"engine": "tests.engines:Awaited", "options": {"fiel": "net"}}
    with pytest.raises(ValueError, match="takes no option fiel"):
        await shell.reconfigure(wrong)


async def test_a_stage_whose_weights_were_tampered_with_refuses_until_they_are_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, file = "mediapipe-face-landmarker", "face_landmarker.task"
    good = weights(name)[file].read_bytes()
    (path := tmp_path / name / file).parent.mkdir()
    path.write_bytes(good[:2000] + bytes([good[2000] ^ 1]) + good[2001:])
    monkeypatch.setenv("AVATAR_WEIGHTS_DIR", str(tmp_path))
    shell = EngineShell()
    await shell.reconfigure({"engine": "deployments.face.mediapipe:MediaPipe"})
    about = await shell.about()
    assert (about["state"], about["error"]) == ("failed", "weights_missing")
    told = f"The weights file {file} of {name} is damaged: run `avatar-serve weights fetch {name}`"
    assert about["message"].startswith(told)
    with pytest.raises(AvatarError, match="is damaged"):
        _ = shell.engine
    path.write_bytes(good)
    await until_loaded(shell)
    assert (await shell.about())["state"] == "ready"
