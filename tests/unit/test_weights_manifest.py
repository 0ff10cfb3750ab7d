"""The manifest: the project's own one, and what it refuses."""

import re
from importlib import import_module
from pathlib import Path

import pytest
from weights_registry import entry, manifest_of, some_bytes, zipped

from serve.weights.manifest import ManifestError, load_manifest

DATA = some_bytes(100)
GOOD = entry(
    files={"a.onnx": DATA},
    packed=zipped({"x/a.onnx": DATA}),
    members={"a.onnx": "x/a.onnx"},
)


def test_the_projects_own_manifest_is_valid_and_names_what_the_default_needs() -> None:
    manifest = load_manifest()
    assert {name for name, weights in manifest.items() if weights.default} == {
        "mediapipe-face-landmarker",
        "mobilestylegan-ffhq",
        "hibari-heart",
    }


def test_weights_for_non_commercial_use_are_never_needed_by_default() -> None:
    manifest = load_manifest()
    assert manifest["insightface-buffalo-s-parts"].commercial_use == "no"
    assert not [w for w in manifest.values() if w.default and w.commercial_use == "no"]


def test_an_entry_is_read_whole(tmp_path: Path) -> None:
    weights = manifest_of(tmp_path, GOOD)["lips"]
    assert (weights.files[0].name, weights.size, weights.licence) == ("a.onnx", 100, "CC0-1.0")
    archive = weights.sources[0].archives[0]
    assert archive.origin == "lips-pack==1.0"
    assert archive.members == {"a.onnx": "x/a.onnx"}


def test_a_hub_file_without_members_is_the_weights_file_itself(tmp_path: Path) -> None:
    text = GOOD.split("[[weights.sources]]")[0] + (
        '[[weights.sources]]\nkind = "hub"\n[[weights.sources.archives]]\n'
        f'from = "someone/lips@{"0" * 40}"\nfile = "onnx/a.onnx"\n'
        f'sha256 = "{"0" * 64}"\nsize = 100\n'
    )
    archive = manifest_of(tmp_path, text)["lips"].sources[0].archives[0]
    assert archive.members == {"a.onnx": None}


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('stage = "test"', 'stage = "test"\nlicense = "MIT"', "unknown key license"),
        ('stage = "test"\n', "", "missing key stage"),
        ("default = false", 'default = "no"', "default must be a bool"),
        ("size = 100", "size = true", "size must be a int"),
        ("size = 100", "size = 0", "above 0"),
        ('licence = "CC0-1.0"', 'licence = ""', "licence must be a str with a value"),
        ('commercial_use = "yes"', 'commercial_use = "maybe"', "yes, no or unclear"),
        ('name = "lips"', 'name = "../lips"', "is not of the form"),
        ('name = "a.onnx"', 'name = "../a.onnx"', "is not of the form"),
        ('name = "a.onnx"', 'name = ".a.onnx"', "is not of the form"),
        ('sha256 = "', 'sha256 = "X', "is not of the form"),
        ('"x/a.onnx"', '"../a.onnx"', "is not a path inside"),
        ('"x/a.onnx"', '"/etc/a.onnx"', "is not a path inside"),
        ('file = "lips_pack', 'file = "../lips_pack', "is not a path inside"),
        ('file = "lips_pack', 'file = "x/lips_pack', "must be a plain file name"),
        ("py3-none-any.whl", "py3-none-any.bin", "no archive that has members"),
        ('from = "lips-pack==1.0"', 'from = "lips-pack>=1.0"', "is not of the form"),
        ('from = "lips-pack==1.0"', 'from = "--editable==1.0"', "is not of the form"),
        ('kind = "pypi"', 'kind = "ftp"', "kind must be one of"),
        ('"a.onnx" =', '"b.onnx" =', "must give exactly its files"),
    ],
)
def test_a_manifest_that_breaks_a_rule_is_refused(
    tmp_path: Path, old: str, new: str, reason: str
) -> None:
    assert old in GOOD
    with pytest.raises(ManifestError, match=re.escape(reason)):
        manifest_of(tmp_path, GOOD.replace(old, new))


def test_a_name_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="'lips' stands there twice"):
        manifest_of(tmp_path, GOOD + GOOD)


def test_a_manifest_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"manifest\.toml"):
        manifest_of(tmp_path, "weights = [")


def test_the_manifest_says_of_each_engine_what_the_engine_says_itself() -> None:
    named = {engine for weights in load_manifest().values() for engine in weights.engines}
    assert "deployments.portrait.steered:Steered" in named
    for engine in named:
        module, name = engine.split(":")
        loads = set(getattr(import_module(module), name).weights)
        assert loads == {w.name for w in load_manifest().values() if engine in w.engines}
