"""The manifest: the project's own one, and what it refuses."""

import re
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from weights_registry import entry, manifest_of, some_bytes, zipped

from serve.commands.private import LOCAL_CONFIG
from serve.weights.configured import configured_weights
from serve.weights.manifest import ManifestError, load_manifest, needed

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
        "open-nsfw",
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
        loads = set(engine_of(engine).weights)
        assert loads == {w.name for w in load_manifest().values() if engine in w.engines}


def engine_of(name: str) -> Any:
    module, _, kind = name.partition(":")
    return getattr(import_module(module), kind)


def test_the_manifest_says_of_an_engines_options_what_the_engine_says_itself() -> None:
    manifest = load_manifest()
    chosen = [weights for weights in manifest.values() if weights.options]
    assert chosen
    for weights in chosen:
        for engine in weights.engines:
            taken = signature(engine_of(engine).load).parameters
            own = {name: "/mine" for name in ("folder", "file") if name in taken}
            for options in ({}, weights.options, own):
                said = engine_of(engine).weights_for(options)
                assert sorted(said) == sorted(needed(manifest, engine, options))


def test_an_option_chooses_among_an_engines_weights() -> None:
    manifest, engine = load_manifest(), "deployments.portrait.diffusion:Diffusion"
    both = {"mediapipe-face-landmarker"}
    assert set(needed(manifest, engine, {})) == both | {"sd-turbo"}
    assert set(needed(manifest, engine, {"model": "sd-1.5", "steps": 9})) == both | {"sd-1.5"}
    assert set(needed(manifest, engine, {"folder": "/models/mine"})) == both
    assert needed(manifest, "mine.own:Engine", {"model": "sd-1.5"}) == []


def test_an_option_may_name_several_of_an_engine_s_weights() -> None:
    manifest, engine = load_manifest(), "deployments.speech.pocket:PocketTTS"
    assert set(needed(manifest, engine, {"languages": "fr-FR, nl"})) == {
        *("pocket-tts-fr", "pocket-tts-fr-tokenizer"),
        *("pocket-tts-nl", "pocket-tts-nl-tokenizer"),
    }


def test_an_entry_may_be_got_by_hand_alone_but_must_be_got_somehow(tmp_path: Path) -> None:
    without = TREE.split("[[weights.sources]]")[0]
    with pytest.raises(ManifestError, match="a place to get them from"):
        manifest_of(tmp_path, without)
    address = 'default = false\nby_hand = "https://example.org/tiny.zip"'
    by_hand = manifest_of(tmp_path, without.replace("default = false", address))["tiny"]
    assert (by_hand.by_hand, by_hand.sources) == ("https://example.org/tiny.zip", ())
    with pytest.raises(ManifestError, match="is not of the form"):
        manifest_of(tmp_path, without.replace("default = false", address.replace("https", "file")))


def test_weights_that_an_option_chooses_are_loaded_by_an_engine() -> None:
    chosen = [weights for weights in load_manifest().values() if weights.options]
    assert len(chosen) == 25
    assert all(weights.engines and not weights.default for weights in chosen)


def test_the_local_config_needs_what_the_manifest_calls_default() -> None:
    manifest = load_manifest()
    default = {name for name, weights in manifest.items() if weights.default}
    assert set(configured_weights(LOCAL_CONFIG, manifest)) == default
    gpu = configured_weights(LOCAL_CONFIG.with_name("gpu.yaml"), manifest)
    assert "sd-turbo" in gpu
    assert "sd-1.5" not in gpu
    voices = configured_weights(LOCAL_CONFIG.with_name("voices.yaml"), manifest)
    assert default | {"kokoro-82m-int8", "kokoro-voices"} <= set(voices)


def test_an_option_that_chooses_nothing_is_refused() -> None:
    for engine, options, reason in (
        ("deployments.portrait.diffusion:Diffusion", {"model": "sd-9"}, "model is one of sd-turbo"),
        ("deployments.face.insightface:InsightFace", {"pack": "xl"}, "pack is one of buffalo-s"),
    ):
        with pytest.raises(ValueError, match=reason):
            engine_of(engine).weights_for(options)


TREE = """
[[weights]]
name = "tiny"
stage = "portrait"
description = "made by a test"
licence = "CC0-1.0"
commercial_use = "yes"
provenance = "nowhere"
default = false

[[weights.files]]
name = "unet/config.json"

[[weights.files]]
name = "unet/model.safetensors"

[[weights.sources]]
kind = "snapshot"
from = "someone/tiny@0123456789012345678901234567890123456789"
"""


def test_files_may_lie_in_folders_and_wait_for_their_pins(tmp_path: Path) -> None:
    tiny = manifest_of(tmp_path, TREE)["tiny"]
    assert [file.name for file in tiny.files] == ["unet/config.json", "unet/model.safetensors"]
    assert not tiny.pinned
    assert tiny.sources[0].origin == "someone/tiny@0123456789012345678901234567890123456789"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("unet/config.json", "../config.json", "is not of the form"),
        ("unet/config.json", "/etc/config.json", "is not of the form"),
        ("unet/config.json", "unet/../../config.json", "is not of the form"),
        ("unet/config.json", "unet/.config.json", "is not of the form"),
        ("unet/config.json", "unet//config.json", "is not of the form"),
        ("unet/config.json", "unet/*.json", "is not of the form"),
        ("unet/model.safetensors", "unet/model.bin", "gives no pickles: unet/model.bin"),
        ('config.json"', 'config.json"\nsize = 5', "missing key sha256"),
        ("someone/tiny@", "someone/tiny@main", "is not of the form"),
        ("someone/tiny@", "--token/tiny@", "is not of the form"),
        ('kind = "snapshot"', 'kind = "snapshot"\narchives = [1]', "unknown key archives"),
        ('kind = "snapshot"', 'kind = "url"', "unknown key from"),
    ],
)
def test_a_tree_that_breaks_a_rule_is_refused(
    tmp_path: Path, old: str, new: str, reason: str
) -> None:
    assert old in TREE
    with pytest.raises(ManifestError, match=re.escape(reason)):
        manifest_of(tmp_path, TREE.replace(old, new))
