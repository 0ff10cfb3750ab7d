"""Write the network as ONNX: `python -m deployments.lipsync.wav2lip.export CHECKPOINT FILE`."""

import argparse
from pathlib import Path
from typing import Final

import torch

from deployments.lipsync.wav2lip.checkpoint import load_generator
from deployments.lipsync.wav2lip.network import FACE_SHAPE, MEL_SHAPE, Generator

OPSET: Final = 17


def export(network: Generator, path: Path) -> None:
    """The whole network with inputs `mel` (n, 1, 80, 16) and `face` (n, 6, 96, 96), any n.

    Its output is (n, 3, 96, 96), BGR from 0 to 1. Batch norm is folded by the exporter.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    torch.onnx.export(
        network,
        (torch.zeros(2, *MEL_SHAPE), torch.zeros(2, *FACE_SHAPE)),
        part,
        input_names=["mel", "face"],
        output_names=["made"],
        dynamic_axes={name: {0: "n"} for name in ("mel", "face", "made")},
        opset_version=OPSET,
        dynamo=False,
    )
    part.replace(path)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path, help="wav2lip.pth or wav2lip_gan.pth")
    parser.add_argument("file", type=Path, help="where to write the network")
    arguments = parser.parse_args()
    export(load_generator(arguments.checkpoint), arguments.file)


if __name__ == "__main__":
    main()
