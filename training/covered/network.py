"""The network: what share of each small piece of a mouth's crop is covered."""

import torch
from torch import nn

WIDTHS = (16, 32, 48)
STRIDE = 4
"""Pixels of the crop a piece."""


class Covered(nn.Module):
    """(n, 4, height, width) of 0 to 255, colours and where the lips should be, to (n, h, w) 0 to 1.

    One number for each STRIDE x STRIDE pixels.
    """

    def __init__(self) -> None:
        super().__init__()
        fine, middle, coarse = WIDTHS
        self.layers = nn.Sequential(
            nn.Conv2d(6, fine, 3, 1, 1),
            nn.ReLU(),
            nn.Conv2d(fine, middle, 3, 2, 1),
            nn.ReLU(),
            nn.Conv2d(middle, coarse, 3, 2, 1),
            nn.ReLU(),
            nn.Conv2d(coarse, coarse, 3, 1, 2, dilation=2),
            nn.ReLU(),
            nn.Conv2d(coarse, coarse, 3, 1, 4, dilation=4),
            nn.ReLU(),
            nn.Conv2d(coarse, 1, 1),
        )

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        """Shares."""
        return torch.sigmoid(self.logits(given))

    def logits(self, given: torch.Tensor) -> torch.Tensor:
        """Before the sigmoid."""
        scaled = given.float() / 127.5 - 1
        _, _, height, width = given.shape
        blank = torch.zeros_like(scaled[:, :1])
        ys = torch.linspace(-1, 1, height)[:, None] + blank
        xs = torch.linspace(-1, 1, width)[None] + blank
        found: torch.Tensor = self.layers(torch.cat([scaled, ys, xs], 1))
        return found[:, 0]
