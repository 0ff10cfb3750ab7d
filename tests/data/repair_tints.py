"""Makes repair_tints.onnx, a network whose repair is known: `python tests/data/repair_tints.py`.

It adds 40 red on the lips and inside, and takes 20 green from the inside. Needs torch and onnx.
"""

from pathlib import Path

import torch

from deployments.lipsync.repair import HEIGHT, WIDTH


class Tints(torch.nn.Module):
    """As a repairing network: (n, 8, HEIGHT, WIDTH) to (n, 3, HEIGHT, WIDTH)."""

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        """What is added."""
        values = given.float()
        inside, lips = values[:, 6:7] / 255, values[:, 7:8] / 255
        return torch.cat([40 * lips, -20 * inside, 0 * values[:, :1]], 1)


if __name__ == "__main__":
    torch.onnx.export(
        Tints(),
        (torch.zeros(1, 8, HEIGHT, WIDTH, dtype=torch.uint8),),
        Path(__file__).with_suffix(".onnx"),
        dynamo=False,
        opset_version=17,
        input_names=["given"],
        output_names=["added"],
        dynamic_axes={"given": {0: "n"}, "added": {0: "n"}},
    )
