"""Wav2Lip without its published checkpoint: made-up weights, and what the reference made of them.

tests/data/wav2lip holds facts of the published PyTorch program, taken from it by running it with
these weights and inputs: `state_dict.json` each tensor's name and shape; `golden.npz` its output,
its spectrogram of `waveform()`, and the first column that each frame sees at four frame rates.
A network that gives the same output loads the published checkpoint, whose tensors have these names.
"""

import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

DATA = Path(__file__).parent / "data" / "wav2lip"
SHAPES: dict[str, list[int]] = json.loads((DATA / "state_dict.json").read_text())


def golden() -> dict[str, NDArray[Any]]:
    with np.load(DATA / "golden.npz") as file:
        return dict(file)


def made_up() -> dict[str, NDArray[Any]]:
    """A value for every tensor, drawn from a generator that is seeded by the tensor's name."""
    return {name: _tensor(name, shape) for name, shape in SHAPES.items()}


def _tensor(name: str, shape: list[int]) -> NDArray[Any]:
    dice = np.random.default_rng(zlib.crc32(name.encode()))
    kind = name.rpartition(".")[2]
    if kind == "num_batches_tracked":
        return np.zeros(shape, np.int64)
    if kind == "running_var":
        values = dice.uniform(0.5, 1.5, shape)
    elif len(shape) == 1:
        values = 0.1 * dice.standard_normal(shape) + name.endswith("conv_block.1.weight")
    else:  # as much comes out of a convolution as went in, so that nothing saturates
        values = dice.standard_normal(shape) * np.sqrt(1 / np.prod(shape[1:]))
    return values.astype(np.float32)


def inputs(batch: int = 4) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The sound and the faces that the reference was run with."""
    dice = np.random.default_rng(2026)
    sound = dice.uniform(-4, 4, (batch, 1, 80, 16)).astype(np.float32)
    faces = dice.uniform(0, 1, (batch, 6, 96, 96)).astype(np.float32)
    faces[:, :3, 48:] = 0
    return sound, faces


def waveform() -> NDArray[np.float32]:
    """Three seconds at 16 kHz: two gliding tones, bursts of noise, and a silence from 1.2 s on."""
    rate = 16_000
    time = np.arange(3 * rate) / rate
    hiss = 0.15 * np.random.default_rng(7).standard_normal(time.size)
    low = 0.4 * np.sin(2 * np.pi * (120 * time + 60 * time**2))
    high = 0.2 * np.sin(2 * np.pi * (700 * time + 300 * time**2))
    wave = low + high + hiss * (np.sin(2 * np.pi * 3 * time) > 0.5)
    wave[int(1.2 * rate) : int(1.5 * rate)] = 0
    return np.clip(wave, -1, 1).astype(np.float32)


def save_checkpoint(path: Path, *, prefix: str = "module.") -> Path:
    """The made-up weights in a file that is laid out as the published ones are."""
    import torch  # tests of sound and pasting do without

    tensors = {prefix + name: torch.from_numpy(value) for name, value in made_up().items()}
    torch.save({"state_dict": tensors, "optimizer": None, "global_step": 0}, path)
    return path
