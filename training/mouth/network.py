"""The network: dilated convolutions over a mel spectrum, without padding."""

import torch
from torch import nn

from deployments.lipsync.hearing import CHANNELS
from deployments.lipsync.mouth import HOPS_AFTER, HOPS_BEFORE

WIDTH = 112
DILATIONS = (1, 2, 4, 4, 4)
FIRST = 5
OUTPUTS = 7
REACH = FIRST - 1 + 2 * sum(DILATIONS)


class Block(nn.Module):
    """A dilated convolution and a mixing one, added to the middle of what came in."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.spread = nn.Conv1d(width, width, 3, dilation=dilation)
        self.mix = nn.Conv1d(width, width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, width, n) to (batch, width, n - 2 * dilation)."""
        y = self.mix(torch.relu(self.spread(x)))
        return torch.relu(x[:, :, self.dilation : -self.dilation] + y)


class MouthNetwork(nn.Module):
    """Features (batch, CHANNELS, n) to shapes (batch, OUTPUTS, n - REACH).

    Opening and width in the engine's units, the others from 0 to 1.
    """

    def __init__(self) -> None:
        super().__init__()
        if REACH != HOPS_BEFORE + HOPS_AFTER:
            raise ValueError("the engine gives the network another stretch than it needs")
        self.first = nn.Conv1d(CHANNELS, WIDTH, FIRST)
        self.blocks = nn.Sequential(*(Block(WIDTH, d) for d in DILATIONS))
        self.last = nn.Sequential(nn.Conv1d(WIDTH, 48, 1), nn.ReLU(), nn.Conv1d(48, OUTPUTS, 1))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Shapes for all spectra that have enough around them."""
        y = self.last(self.blocks(torch.relu(self.first(features))))
        return torch.cat([y[:, :2], torch.sigmoid(y[:, 2:])], dim=1)
