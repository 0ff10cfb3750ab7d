"""A checkpoint made by somebody who means harm: whatever opens it refuses it, and nothing runs."""

import dataclasses
import os
import pickle
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from bench.random_diffusion import save_sd
from deployments.cloning.speaker_encoder import FILE, SpeakerEncoder
from deployments.loading import EngineConfig, load_engine
from deployments.speech.opening import tensors
from media.errors import AvatarError
from serve.settings import Settings
from tests.diffusion import painter

Mark = Path
"""A folder that is made if anything of the file runs."""


class Harm:
    """Calls a function of its maker's choice as it is unpickled (`object.__reduce__`)."""

    def __init__(self, call: Callable[..., Any], *arguments: object) -> None:
        self.reduced = call, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[object, ...]]:
        return self.reduced


HARMS: dict[str, Callable[[Mark], Harm]] = {
    "a function of the system": lambda mark: Harm(os.mkdir, str(mark)),
    "a command": lambda mark: Harm(os.system, f"mkdir '{mark}'"),
    "a process": lambda mark: Harm(subprocess.call, ["mkdir", str(mark)]),
    "code": lambda mark: Harm(eval, f"__import__('os').mkdir({str(mark)!r})"),
    "a method": lambda mark: Harm(Path.mkdir, mark),
}
FORMATS: dict[str, Callable[[object, Path], None]] = {
    "a zip file": lambda value, path: torch.save(value, path),
    "of old": lambda value, path: torch.save(value, path, _use_new_zipfile_serialization=False),
    "a bare pickle": lambda value, path: path.write_bytes(pickle.dumps(value)) and None,
}


@dataclasses.dataclass
class Config:
    """Stands for the classes of plain fields that XTTS's checkpoint holds."""

    size: int = 1


def wav2lip(path: Path) -> None:
    engine = "deployments.lipsync.wav2lip.engine:Wav2Lip"
    load_engine(EngineConfig(engine=engine, options={"file": str(path)}), Settings())


def coqui(path: Path) -> None:
    """XTTS's and YourTTS's checkpoints; with their library: `make test-coqui`."""
    tensors(path, [Config])


def speaker_encoder(path: Path) -> None:
    SpeakerEncoder.load({FILE: path})


@pytest.mark.parametrize("harm", HARMS)
def test_the_harm_is_real(tmp_path: Path, harm: str) -> None:
    """What would come of it where a checkpoint were opened as any pickle is."""
    mark = tmp_path / "done"
    pickle.loads(pickle.dumps(HARMS[harm](mark)))  # noqa: S301 - our own, and the point
    assert mark.is_dir()


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("opened", [wav2lip, coqui, speaker_encoder])
def test_a_harmful_checkpoint_is_refused_and_not_run(
    tmp_path: Path, opened: Callable[[Path], None], form: str, harm: str
) -> None:
    mark, path = tmp_path / "done", tmp_path / "checkpoint.pth"
    weight = {"weight": torch.zeros(2)}
    value = {"state_dict": weight, "model_state": weight, "model": weight, "x": HARMS[harm](mark)}
    FORMATS[form](value, path)
    with pytest.raises(AvatarError) as refused:
        opened(path)
    assert refused.value.code == "weights_missing"
    assert refused.value.message.startswith("checkpoint.pth ")
    assert not mark.exists()


def test_a_class_that_is_let_in_lets_in_no_other(tmp_path: Path) -> None:
    mark, path = tmp_path / "done", tmp_path / "checkpoint.pth"
    torch.save({"config": Config(7)}, path)
    assert tensors(path, [Config])["config"] == Config(7)
    with pytest.raises(AvatarError, match="not without running code"):
        tensors(path)
    torch.save({"config": Config(Harm(os.mkdir, str(mark)))}, path)  # type: ignore[arg-type]
    with pytest.raises(AvatarError, match="not without running code"):
        tensors(path, [Config])
    assert not mark.exists()


@pytest.mark.parametrize(
    ("part", "pickled"),
    [("text_encoder", "pytorch_model.bin"), ("unet", "diffusion_pytorch_model.bin")],
)
def test_a_harmful_part_of_a_diffusion_model_is_not_opened(
    tmp_path: Path, part: str, pickled: str
) -> None:
    """Beside a file of the right kind under another name, so that the folder looks whole."""
    folder, mark = save_sd(tmp_path / "model"), tmp_path / "done"
    (network,) = (folder / part).glob("*.safetensors")
    network.rename(network.with_name("other.safetensors"))
    torch.save({"x": Harm(os.mkdir, str(mark))}, folder / part / pickled)
    with pytest.raises(AvatarError, match="do this") as refused:
        painter(folder)
    assert refused.value.code == "weights_missing"
    assert not mark.exists()
