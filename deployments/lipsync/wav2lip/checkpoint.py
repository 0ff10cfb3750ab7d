"""The published checkpoints, `wav2lip.pth` and `wav2lip_gan.pth`, and others laid out like them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from deployments.lipsync.wav2lip.network import Generator
from media.errors import AvatarError

_PREFIX: Final = "module."
"""What training on several GPUs put before each name."""


def load_generator(path: Path) -> Generator:
    """The generator with the weights of a checkpoint, in float32, ready to infer.

    The file is a dict whose `state_dict` holds the tensors, or those tensors alone; nothing in it
    is executed. Raises AvatarError `weights_missing` for a file that is no such checkpoint.
    """
    tensors = _tensors(path)
    network = Generator()
    wanted = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    for name, shape in wanted.items():
        given = tensors.get(name)
        if given is None:
            raise _wrong(path, f"it has no tensor {name}")
        if tuple(given.shape) != shape:
            raise _wrong(path, f"{name} is {tuple(given.shape)}, not {shape}")
    surplus = sorted(tensors.keys() - wanted.keys())
    if surplus:
        raise _wrong(path, f"it has {len(surplus)} tensors more, {surplus[0]} for one")
    network.load_state_dict(tensors)
    return network.eval().requires_grad_(False)


def _tensors(path: Path) -> Mapping[str, Tensor]:
    try:
        loaded: Any = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise AvatarError(
            "weights_missing", f"The checkpoint {path.name} is not there: put it where it is named."
        ) from None
    except Exception as error:  # torch and pickle raise all kinds for a file that is none
        raise _wrong(path, "torch cannot read it") from error
    inner = loaded.get("state_dict", loaded) if isinstance(loaded, dict) else None
    if not isinstance(inner, dict) or not all(isinstance(v, Tensor) for v in inner.values()):
        raise _wrong(path, "it holds no tensors by name")
    return {str(name).removeprefix(_PREFIX): value for name, value in inner.items()}


def _wrong(path: Path, why: str) -> AvatarError:
    return AvatarError(
        "weights_missing",
        f"{path.name} is no checkpoint of Wav2Lip's generator ({why}): "
        "take wav2lip.pth or wav2lip_gan.pth as published.",
    )
