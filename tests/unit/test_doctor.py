"""`avatar-serve doctor`: what it finds and how it exits."""

import shutil
import socket
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from serve import doctor as doctor_module
from serve.commands.private import LOCAL_CONFIG
from serve.doctor import checks, doctor, gpu_shares
from serve.doctor_safety import safety
from serve.findings import Check
from serve.settings import Settings
from serve.weights.manifest import load_manifest


def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", weights_dir=tmp_path / "weights")


def found(tmp_path: Path, port: int = 0) -> dict[str, Check]:
    return {check.name: check for check in checks(settings(tmp_path), port)}


def test_missing_default_weights_fail_with_the_command_that_fetches_them(tmp_path: Path) -> None:
    check = found(tmp_path)["weights mediapipe-face-landmarker"]
    assert check.status == "fail"
    assert "`avatar-serve weights fetch mediapipe-face-landmarker`" in check.remedy


def test_optional_weights_are_not_asked_for(tmp_path: Path) -> None:
    asked = {
        name for name in found(tmp_path) if name.startswith("weights ") and "folder" not in name
    }
    default = {name for name, weights in load_manifest().items() if weights.default}
    assert asked == {f"weights {name}" for name in default}


def test_the_weights_of_the_configured_engines_are_asked_for(tmp_path: Path) -> None:
    config = tmp_path / "gpu.yaml"
    config.write_text(
        "applications: [{deployments: [{name: Ingress}, {name: Portrait, user_config: "
        "{engine: 'deployments.portrait.diffusion:Diffusion', options: {model: sdxl-turbo}}}]}]"
    )
    asked = {check.name: check for check in checks(settings(tmp_path), 0, config)}
    assert {name for name in asked if name.startswith("weights ")} == {
        "weights folder", "weights sdxl-turbo", "weights mediapipe-face-landmarker",
    }  # fmt: skip
    assert asked["weights sdxl-turbo"].detail == "model_index.json is missing"
    assert "`avatar-serve weights fetch sdxl-turbo`" in asked["weights sdxl-turbo"].remedy


def test_what_this_machine_has_is_found(tmp_path: Path) -> None:
    checks = found(tmp_path)
    for name in ("python", "packages", "video", "data folder", "weights folder", "pip"):
        assert checks[name].status == "ok", checks[name]
    assert checks["weights hibari-heart"].status == "ok"


def test_looking_changes_nothing(tmp_path: Path) -> None:
    found(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_port_in_use_is_noted(tmp_path: Path) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        assert found(tmp_path, port)["port"].status == "note"
    assert found(tmp_path, port)["port"].status == "ok"


def test_a_folder_that_cannot_be_made_fails_with_the_setting_to_change(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file stands in the way")
    check = found(tmp_path)["data folder"]
    assert (check.status, check.remedy) == ("fail", "set AVATAR_DATA_DIR")


def test_a_disk_without_room_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 2**29})
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    check = found(tmp_path)["data folder"]
    assert (check.status, check.detail[-12:]) == ("fail", "0.5 GiB free")


def test_a_gpu_is_named_when_nvidia_smi_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    smi = tmp_path / "bin" / "nvidia-smi"
    smi.parent.mkdir()
    smi.write_text('#!/bin/sh\necho "NVIDIA T4, 15360 MiB"\n')
    smi.chmod(0o755)
    monkeypatch.setenv("PATH", str(smi.parent))
    assert found(tmp_path)["gpu"] == Check("gpu", "ok", "NVIDIA T4, 15360 MiB")
    smi.write_text("#!/bin/sh\nexit 9\n")
    assert found(tmp_path)["gpu"].status == "note"


def test_the_exit_code_is_1_only_when_the_default_cannot_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = typer.Typer()
    app.command()(doctor)
    findings = [Check("one", "ok", "fine"), Check("two", "note", "missing [x]", "install it")]
    monkeypatch.setattr(doctor_module, "checks", lambda *_: findings)
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 0
    assert result.output.splitlines() == ["ok   one: fine", "note two: missing [x] -> install it"]
    findings.append(Check("three", "fail", "broken"))
    assert CliRunner().invoke(app, []).exit_code == 1


def test_a_config_for_gpus_is_held_against_the_cards_that_are_there() -> None:
    gpu = LOCAL_CONFIG.with_name("gpu.yaml")
    assert [check.status for check in gpu_shares(LOCAL_CONFIG, [])] == ["ok"]
    assert [check.status for check in gpu_shares(gpu, [15_360])] == ["ok"]
    (unseen,) = gpu_shares(gpu, [])
    assert unseen.status == "fail"
    assert "Lipsync" in unseen.detail
    small = gpu_shares(gpu, [8192])
    assert small
    assert all(check.status == "fail" for check in small)


def test_a_config_is_checked_by_command() -> None:
    app = typer.Typer()
    app.command()(doctor)
    gpu = LOCAL_CONFIG.with_name("gpu.yaml")
    answer = CliRunner().invoke(app, ["--config", str(gpu)])
    assert "gpu shares" in answer.output


def safety_of(tmp_path: Path, config: Path = LOCAL_CONFIG, **changed: Any) -> dict[str, Check]:
    changed = settings(tmp_path).model_dump() | changed
    return {check.name: check for check in safety(Settings(**changed), config)}


def test_what_keeps_a_service_from_being_used_for_anything_is_told(tmp_path: Path) -> None:
    told = safety_of(tmp_path)
    assert (told["pictures"].status, told["words"].status) == ("ok", "note")
    assert "OpenNSFW" in told["pictures"].detail
    assert told["consent to photos"].status == "note"
    rules = {"file": str(LOCAL_CONFIG.with_name("words.toml"))}
    on = {"policy": "serve.policies.words:Words", "policy_options": rules, "photo_consent": True}
    told = safety_of(tmp_path, **on)
    assert {check.status for check in told.values()} == {"ok"}


def test_a_config_that_checks_no_pictures_is_noted(tmp_path: Path) -> None:
    config = tmp_path / "own.yaml"
    config.write_text("applications: [{deployments: [{name: Face, user_config: {engine: 'a:B'}}]}]")
    told = safety_of(tmp_path, config)
    assert told["pictures"] == Check(
        "pictures",
        "note",
        "own.yaml has none of them checked",
        "see docs/operations/safety.md",
    )


def test_a_policy_that_would_keep_the_service_from_starting_fails(tmp_path: Path) -> None:
    for policy, options in (
        ("no.where:Policy", {}),
        ("serve.policies.words:Words", {"file": str(tmp_path / "none.toml")}),
    ):
        told = safety_of(tmp_path, policy=policy, policy_options=options)["words"]
        assert told.status == "fail"
        assert "AVATAR_POLICY" in told.remedy
