"""`avatar-serve weights list|fetch|verify`: what they print and how they exit."""

from pathlib import Path

import pytest
from typer.testing import CliRunner
from weights_registry import entry, manifest_of, some_bytes, zipped

from serve.weights import commands
from serve.weights.store import WeightsStore

LIPS, NOSE = some_bytes(40_000, 1), some_bytes(10_000, 2)


def text(name: str, data: bytes, *, default: bool) -> str:
    return entry(
        name,
        kind="npm",
        files={f"{name}.onnx": data},
        origin=f"{name}@1.0.0",
        archive=f"{name}.zip",
        packed=zipped({"a.onnx": data}),
        members={f"{name}.onnx": "a.onnx"},
        default=default,
    )


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WeightsStore:
    """`lips` is needed by default, `nose` is not; both lie in the operator's folder."""
    toml = text("lips", LIPS, default=True) + text("nose", NOSE, default=False)
    folder = tmp_path / "operator"
    folder.mkdir()
    (folder / "lips.zip").write_bytes(zipped({"a.onnx": LIPS}))
    (folder / "nose.zip").write_bytes(zipped({"a.onnx": NOSE}))
    store = WeightsStore(tmp_path / "root", manifest_of(tmp_path, toml), folder)
    monkeypatch.setattr(commands, "open_store", lambda settings: store)
    monkeypatch.setenv("PATH", "/nowhere")
    return store


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(commands.weights_app, list(words))
    return result.exit_code, result.output


def test_fetch_takes_the_default_weights_and_says_so(store: WeightsStore) -> None:
    code, output = run("fetch")
    assert code == 0
    assert output.splitlines()[-1] == "ok      lips"
    assert "fetch   lips 100 % of 0.0 MiB" in output
    assert [state.status for state in store.status()] == ["ok", "missing"]


def test_fetch_takes_all_weights_when_told(store: WeightsStore) -> None:
    assert run("fetch", "--all")[0] == 0
    assert [state.status for state in store.status()] == ["ok", "ok"]


def test_fetch_goes_on_after_a_failure_and_exits_with_1(store: WeightsStore) -> None:
    assert store.folder is not None
    (store.folder / "lips.zip").unlink()
    code, output = run("fetch", "lips", "nose")
    assert code == 1
    assert "failed  The weights lips could not be fetched (npm is not installed)" in output
    assert "ok      nose" in output


def test_fetch_refuses_an_unknown_name(store: WeightsStore) -> None:
    code, output = run("fetch", "[red]ears")
    assert code == 1
    assert "no weights named '[red]ears'" in output


def test_verify_exits_with_1_when_default_weights_are_missing(store: WeightsStore) -> None:
    code, output = run("verify")
    assert code == 1
    assert "missing lips: lips.onnx; run `avatar-serve weights fetch lips`" in output
    assert "none    nose (optional)" in output


def test_verify_is_content_when_only_optional_weights_are_missing(store: WeightsStore) -> None:
    store.fetch("lips")
    assert run("verify")[0] == 0
    assert run("verify", "nose")[0] == 1, "unless they are named"


def test_verify_finds_damage(store: WeightsStore) -> None:
    store.fetch("nose")
    store.paths("nose")["nose.onnx"].write_bytes(NOSE[::-1])
    code, output = run("verify")
    assert code == 1
    assert "damaged nose: nose.onnx" in output


def test_list_shows_licence_size_and_state(store: WeightsStore) -> None:
    store.fetch("lips")
    code, output = run("list")
    assert code == 0
    lines = output.splitlines()
    assert lines[0].split() == ["lips", "*", "test", "0.0", "MiB", "ok"]
    assert lines[2].strip() == "CC0-1.0; commercial use: yes"
    assert lines[3].split() == ["nose", "test", "0.0", "MiB", "missing"]
