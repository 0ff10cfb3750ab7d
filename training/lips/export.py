"""Networks as ONNX, checked against what was trained."""

from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime
import torch
from torch import nn

MOST_APART: Final = 0.05
"""Of what the network answers, which is up to 255 or a little above 1."""


def export(
    network: nn.Module, path: Path, shape: tuple[int, ...], takes: str, gives: list[str]
) -> None:
    """Write a network that takes bytes of a shape, any number at once.

    Raises SystemExit where the file answers otherwise than the network.
    """
    torch.onnx.export(
        network,
        (_bytes(1, shape),),
        path,
        dynamo=False,
        opset_version=17,
        input_names=[takes],
        output_names=gives,
        dynamic_axes={name: {0: "n"} for name in (takes, *gives)},
    )
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    example = _bytes(3, shape)
    exported = session.run(None, {takes: example.numpy()})
    with torch.inference_mode():
        answer = network(example)
    trained = [answer] if isinstance(answer, torch.Tensor) else answer
    apart = max(float(np.abs(a - b.numpy()).max()) for a, b in zip(exported, trained, strict=True))
    print(f"exported: differs by {apart:.1e} from the trained network")
    if apart > MOST_APART:
        raise SystemExit("the exported network is another one than was trained")


def _bytes(count: int, shape: tuple[int, ...]) -> torch.Tensor:
    return torch.randint(0, 256, (count, *shape), dtype=torch.uint8)
