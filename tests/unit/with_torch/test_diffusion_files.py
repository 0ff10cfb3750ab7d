"""What the diffusion engine opens, and what it refuses to, on tiny pipelines of diffusers."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from bench.random_diffusion import save_sd, save_sdxl
from deployments.loading import EngineConfig, load_engine, weights_of
from deployments.portrait.diffusion import Diffusion
from deployments.portrait.diffusion_recipe import Recipe
from media.errors import AvatarError
from serve.settings import Settings
from tests.diffusion import painter
from tests.weights import weights


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_sd(tmp_path_factory.mktemp("whole") / "model")


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A whole pipeline that the test may spoil."""
    return Path(shutil.copytree(whole, tmp_path / "model"))


def pinned(folder: Path) -> dict[str, Path]:
    """What lies there now, as the store gives an engine its weights."""
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.*")}


def loaded(files: dict[str, Path], **options: Any) -> Diffusion:
    files = files | dict(weights("mediapipe-face-landmarker"))
    return Diffusion.load(files, threads=1, device="cpu", dtype="float32", size=64, **options)


@pytest.mark.parametrize(
    ("gone", "named"),
    [
        ("model_index.json", "model/model_index.json is missing"),
        ("unet/config.json", "unet/config.json is missing"),
        ("unet/diffusion_pytorch_model.safetensors", r"unet/\*\.safetensors is missing"),
        ("scheduler/scheduler_config.json", "scheduler/scheduler_config.json is missing"),
        ("tokenizer", "tokenizer/tokenizer_config.json is missing"),
    ],
)
def test_a_missing_file_is_named_with_what_to_do(folder: Path, gone: str, named: str) -> None:
    path = folder / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(AvatarError, match=f"{named}: do this") as missing:
        painter(folder)
    assert missing.value.code == "weights_missing"


@pytest.mark.parametrize("content", ["{", "[]", '{"unet": ["diffusers"]}'])
def test_an_index_that_is_none_is_said(folder: Path, content: str) -> None:
    (folder / "model_index.json").write_text(content)
    with pytest.raises(AvatarError, match=r"model_index\.json"):
        painter(folder)


def test_a_network_that_is_cut_short_is_said(folder: Path) -> None:
    path = folder / "unet" / "diffusion_pytorch_model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(AvatarError, match="do this") as damaged:
        painter(folder)
    assert damaged.value.code == "weights_missing"


def test_pickles_are_not_opened(folder: Path) -> None:
    network = folder / "unet" / "diffusion_pytorch_model.safetensors"
    network.unlink()
    torch.save({}, folder / "unet" / "diffusion_pytorch_model.bin")
    with pytest.raises(AvatarError, match="other formats are not opened"):
        painter(folder)


@pytest.mark.parametrize(
    ("where", "entry"),
    [("unet/evil.py", {"unet": ["evil", "Evil"]}), ("evil.py", {"_class_name": ["evil", "Evil"]})],
)
def test_no_code_of_the_folder_runs(
    folder: Path, tmp_path: Path, where: str, entry: dict[str, list[str]]
) -> None:
    index = json.loads((folder / "model_index.json").read_text()) | entry
    (folder / "model_index.json").write_text(json.dumps(index))
    (folder / where).write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Evil: pass")
    with pytest.raises(AvatarError) as refused:
        painter(folder)
    assert refused.value.code == "weights_missing"
    assert not (tmp_path / "ran").exists()


def test_a_safety_checker_that_the_index_names_is_left_out(folder: Path) -> None:
    index = json.loads((folder / "model_index.json").read_text())
    index["safety_checker"] = ["stable_diffusion", "StableDiffusionSafetyChecker"]
    index["feature_extractor"] = ["transformers", "CLIPFeatureExtractor"]
    (folder / "model_index.json").write_text(json.dumps(index))
    assert painter(folder).paint("a", "", 1).std() > 5


def test_the_models_files_are_found_beside_their_index(tmp_path: Path) -> None:
    made = loaded(pinned(save_sdxl(tmp_path / "model")), model="sdxl-turbo")
    assert made._painter.recipe == Recipe(4, 0.0, 64)


def test_what_lies_beside_the_models_files_is_not_opened(folder: Path) -> None:
    """Half precision, where it lies there, would be preferred to what was verified."""
    files = pinned(folder)
    for network in folder.rglob("*.safetensors"):
        network.with_suffix(".fp16.safetensors").write_bytes(b"what somebody has laid there")
    with pytest.raises(AvatarError, match="do this"):
        painter(folder)
    made = loaded(files)
    assert made._painter.paint("a woman", "", 1).std() > 5


def test_a_line_of_config_loads_it(whole: Path) -> None:
    options = {"folder": str(whole), "device": "cpu", "steps": 3, "guidance": 1.5}
    config = EngineConfig(
        engine="deployments.portrait.diffusion:Diffusion", options={**options, "size": 64}
    )
    assert weights_of(config) == ("mediapipe-face-landmarker",)
    made = load_engine(config, Settings())
    assert made._painter.recipe == Recipe(3, 1.5, 64)
    chosen = config.model_copy(update={"options": {"model": "sdxl-turbo"}})
    assert weights_of(chosen) == ("mediapipe-face-landmarker", "sdxl-turbo")
