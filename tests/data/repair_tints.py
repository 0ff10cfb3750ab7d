"""Makes repair_tints.onnx, a network whose repair is known: `python tests/data/repair_tints.py`.

It adds 40 red everywhere, which the engine keeps to the lips, and takes 20 green from the inside.
Needs torch and onnx.
"""

from pathlib import Path

import torch

from deployments.lipsync.repair import COLUMNS, GIVEN, OF_PICTURE, ROWS
from media.colour import TO_YUV


class Tints(torch.nn.Module):
    """As a repairing network: blocks to luma and chroma."""

    def forward(self, blocks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """What is added, in halves of the range of 0 to 255."""
        inside = blocks[:, 2 * OF_PICTURE : 2 * OF_PICTURE + 1].float() / 255
        red, green = TO_YUV[:, 0].tolist(), TO_YUV[:, 1].tolist()
        y, u, v = ((40 * r - 20 * g * inside) / 127.5 for r, g in zip(red, green, strict=True))
        return torch.nn.functional.interpolate(y, scale_factor=2.0), torch.cat([u, v], 1)


if __name__ == "__main__":
    torch.onnx.export(
        Tints(),
        (torch.zeros(1, GIVEN, ROWS, COLUMNS, dtype=torch.uint8),),
        Path(__file__).with_suffix(".onnx"),
        dynamo=False,
        opset_version=17,
        input_names=["blocks"],
        output_names=["luma", "chroma"],
        dynamic_axes={name: {0: "n"} for name in ("blocks", "luma", "chroma")},
    )
