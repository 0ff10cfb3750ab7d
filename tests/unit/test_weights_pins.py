"""Weights whose sums nobody knew beforehand: pinned when they first come, held from then on."""

import os
from pathlib import Path

import pytest
from test_weights_manifest import TREE
from typer.testing import CliRunner
from weights_registry import entry, manifest_of, some_bytes, zipped

from media.errors import AvatarError
from serve.weights import commands
from serve.weights.store import WeightsStore

FILES = {"unet/config.json": b'{"a": 1}', "unet/model.safetensors": some_bytes(3000)}

HUB = """
from pathlib import Path

def snapshot_download(repo_id, *, revision, local_dir, allow_patterns):
    if repo_id != "someone/tiny":
        raise OSError("gated: ask for access\\nlong story")
    for name in allow_patterns:
        path = Path(local_dir) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name} of {revision}")
    (Path(local_dir) / "unasked.bin").write_bytes(b"x")
"""


@pytest.fixture
def store(tmp_path: Path) -> WeightsStore:
    return WeightsStore(tmp_path / "root", manifest_of(tmp_path, TREE))


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """A folder of the operator's that holds the files, and more."""
    folder = tmp_path / "given"
    for name, data in (FILES | {"unet/other.bin": b"pickle"}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def refusal(store: WeightsStore, given: Path) -> str:
    with pytest.raises(AvatarError) as caught:
        store.add("tiny", given)
    assert caught.value.code == "weights_missing"
    return caught.value.message


def test_files_that_are_added_are_pinned_and_found(store: WeightsStore, given: Path) -> None:
    store.add("tiny", given)
    assert {name: path.read_bytes() for name, path in store.paths("tiny").items()} == FILES
    assert store.entry("tiny").pinned
    assert store.entry("tiny").size == sum(map(len, FILES.values()))
    assert not (store.root / "tiny" / "unet" / "other.bin").exists(), "only what is asked for"


def test_files_are_held_to_their_pins(store: WeightsStore, given: Path) -> None:
    store.add("tiny", given)
    store.paths("tiny")["unet/config.json"].write_bytes(b'{"a": 2}')
    assert store.verify("tiny").status == "damaged"
    with pytest.raises(AvatarError, match=r"unet/config\.json of tiny is damaged"):
        store.paths("tiny")
    store.add("tiny", given)
    assert store.verify("tiny").status == "ok"


def test_other_files_are_not_taken_in_their_place(store: WeightsStore, given: Path) -> None:
    store.add("tiny", given)
    (given / "unet" / "model.safetensors").write_bytes(some_bytes(3000, 2))
    assert f"remove {store.root / 'tiny'} first" in refusal(store, given)
    assert store.paths("tiny")["unet/model.safetensors"].read_bytes() == some_bytes(3000)


def test_a_file_that_lacks_is_named_and_nothing_is_pinned(store: WeightsStore, given: Path) -> None:
    (given / "unet" / "model.safetensors").unlink()
    assert "unet/model.safetensors is not there" in refusal(store, given)
    assert not store.entry("tiny").pinned


@pytest.mark.parametrize(
    ("name", "reason"), [("nowhere", "no such file or folder"), ("given/unet/config.json", "one")]
)
def test_what_is_no_folder_of_them_is_refused(
    store: WeightsStore, given: Path, name: str, reason: str
) -> None:
    assert reason in refusal(store, given.parent / name)


def test_files_put_there_by_hand_wait_to_be_accepted(store: WeightsStore, given: Path) -> None:
    (store.root).mkdir()
    given.rename(store.root / "tiny")
    state = store.verify("tiny")
    assert (state.status, state.file) == ("not pinned yet", "unet/config.json")
    command = f"avatar-serve weights add tiny {store.root / 'tiny'}"
    with pytest.raises(AvatarError) as caught:
        store.paths("tiny")
    assert command in caught.value.message
    store.add("tiny", store.root / "tiny")
    assert store.verify("tiny").status == "ok"


def test_links_of_a_hubs_cache_are_followed(store: WeightsStore, given: Path) -> None:
    real = given / "unet" / "model.safetensors"
    real.rename(given / "blob")
    real.symlink_to(given / "blob")
    store.add("tiny", given)
    path = store.paths("tiny")["unet/model.safetensors"]
    assert not path.is_symlink()
    assert path.read_bytes() == FILES["unet/model.safetensors"]


def test_pins_that_cannot_be_read_are_said(store: WeightsStore, given: Path) -> None:
    store.add("tiny", given)
    (store.root / "tiny" / ".pins.json").write_text("[1")
    with pytest.raises(AvatarError, match=r"remove .*pins\.json and run") as caught:
        store.paths("tiny")
    assert caught.value.code == "weights_missing"


def test_the_operators_folder_is_taken_before_the_hub(tmp_path: Path, given: Path) -> None:
    (tmp_path / "source").mkdir()
    given.rename(tmp_path / "source" / "tiny")
    store = WeightsStore(tmp_path / "root", manifest_of(tmp_path, TREE), tmp_path / "source")
    store.fetch("tiny")
    assert store.verify("tiny").status == "ok"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for the hub's library: the same call, answered from memory."""
    package = tmp_path / "site" / "huggingface_hub"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(HUB)
    monkeypatch.syspath_prepend(package.parent)
    monkeypatch.setenv("PYTHONPATH", str(package.parent), prepend=os.pathsep)


@pytest.mark.usefixtures("hub")
def test_a_snapshot_of_the_hub_is_pinned_as_it_comes(store: WeightsStore) -> None:
    store.fetch("tiny")
    path = store.paths("tiny")["unet/config.json"]
    assert path.read_text() == f"unet/config.json of {'0123456789' * 4}"
    assert store.entry("tiny").pinned
    assert not list(store.root.rglob("unasked.bin"))


@pytest.mark.usefixtures("hub")
def test_a_refusal_of_the_hub_is_one_line(tmp_path: Path) -> None:
    manifest = manifest_of(tmp_path, TREE.replace("someone/", "nobody/"))
    with pytest.raises(AvatarError) as caught:
        WeightsStore(tmp_path / "root", manifest).fetch("tiny")
    assert "(huggingface_hub: OSError: gated: ask for access)" in caught.value.message
    assert "`avatar-serve weights add tiny FOLDER`" in caught.value.message


PACKED = zipped({"x": b"abc"})
ONE = entry(files={"a.onnx": b"abc"}, packed=PACKED, members={"a.onnx": "x"})


def test_a_single_file_may_have_any_name_but_not_any_content(tmp_path: Path) -> None:
    store = WeightsStore(tmp_path / "root", manifest_of(tmp_path, ONE))
    (tmp_path / "renamed").write_bytes(b"abd")
    with pytest.raises(AvatarError, match="not the file that the manifest pins"):
        store.add("lips", tmp_path / "renamed")
    (tmp_path / "renamed").write_bytes(b"abc")
    store.add("lips", tmp_path / "renamed")
    assert store.paths("lips")["a.onnx"].read_bytes() == b"abc"


def test_the_archive_itself_may_be_given(tmp_path: Path) -> None:
    store = WeightsStore(tmp_path / "root", manifest_of(tmp_path, ONE))
    archive = tmp_path / "lips_pack-1.0-py3-none-any.whl"
    archive.write_bytes(PACKED[::-1])
    with pytest.raises(AvatarError, match="is not there as the manifest pins it"):
        store.add("lips", archive)
    archive.write_bytes(PACKED)
    store.add("lips", archive)
    assert store.paths("lips")["a.onnx"].read_bytes() == b"abc"


def test_the_commands_add_list_and_say_what_is_not_pinned(
    store: WeightsStore, given: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "open_store", lambda settings: store)

    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(commands.weights_app, list(words))
        return result.exit_code, result.output

    (store.root / "tiny").mkdir(parents=True)
    for name, data in FILES.items():
        (store.root / "tiny" / name).parent.mkdir(exist_ok=True)
        (store.root / "tiny" / name).write_bytes(data)
    assert "?  not pinned yet" in run("list")[1]
    assert f"`avatar-serve weights add tiny {store.root / 'tiny'}`" in run("list")[1]
    assert run("verify", "tiny")[0] == 1
    code, output = run("add", "tiny", str(given))
    assert code == 0
    assert output.splitlines()[-1] == "ok      tiny"
    assert "pinned  unet/config.json" in output
    assert run("verify", "tiny")[0] == 0
    code, output = run("add", "tiny", str(given / "nowhere"))
    assert (code, "no such file or folder" in output) == (1, True)


def test_what_a_config_needs_is_fetched(
    store: WeightsStore, given: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = TREE.replace("default = false", 'default = false\nengines = ["mine.own:Engine"]')
    store = WeightsStore(tmp_path / "root", manifest_of(tmp_path, text), tmp_path / "source")
    (tmp_path / "source").mkdir()
    given.rename(tmp_path / "source" / "tiny")
    monkeypatch.setattr(commands, "open_store", lambda settings: store)
    config = tmp_path / "config.yaml"
    config.write_text(
        "applications: [{deployments: [{name: A, user_config: {engine: 'mine.own:Engine'}}]}]"
    )
    result = CliRunner().invoke(commands.weights_app, ["fetch", "--config", str(config)])
    assert result.exit_code == 0, result.output
    assert store.verify("tiny").status == "ok"
    config.write_text("applications: 5")
    result = CliRunner().invoke(commands.weights_app, ["fetch", "--config", str(config)])
    assert isinstance(result.exception, AvatarError)
    assert "no Serve config file" in result.exception.message
