"""Makes repair_tints.onnx, a network whose repair is known: `python tests/data/repair_tints.py`.

It adds 40 red everywhere, which the engine keeps to the lips, and takes 20 green from the inside.
Needs torch and onnx.
"""

from pathlib import Path

import torch

from deployments.lipsync.repair import COLUMNS, ROWS


class Tints(torch.nn.Module):
    """As a repairing network: blocks (n, 32, ROWS, COLUMNS) to (n, 12, ROWS, COLUMNS)."""

    def forward(self, blocks: torch.Tensor) -> torch.Tensor:
        """What is added, in halves of the range of 0 to 255."""
        inside = blocks[:, 24:28].float() / 255
        nothing = 0 * inside
        return torch.cat([nothing + 40, -20 * inside, nothing], 1) / 127.5


if __name__ == "__main__":
    torch.onnx.export(
        Tints(),
        (torch.zeros(1, 32, ROWS, COLUMNS, dtype=torch.uint8),),
        Path(__file__).with_suffix(".onnx"),
        dynamo=False,
        opset_version=17,
        input_names=["blocks"],
        output_names=["added"],
        dynamic_axes={"blocks": {0: "n"}, "added": {0: "n"}},
    )
