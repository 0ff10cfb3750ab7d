"""The smaller network that `distil` teaches: it sees and answers the planes that are encoded."""

from typing import Final

import torch
import torch.nn.functional as functional
from torch import nn

from deployments.lipsync.repair import CHROMA_SMOOTH, GIVEN, SMOOTH
from media.colour import TO_RGB, TO_YUV
from training.lips.network import Residual, keep_to_lips, reach, within

PLACES: Final = 2
WIDTHS: Final = (48, 96)
DEPTH: Final = 2


class Student(nn.Module):
    """A U-Net of two levels (Ronneberger et al., 2015), on blocks of 4 x 4 pixels and of 8 x 8."""

    def __init__(self) -> None:
        super().__init__()
        fine, coarse = WIDTHS
        self.enter = nn.Conv2d(GIVEN + PLACES, fine, 3, 2, 1)
        self.down = nn.Conv2d(fine, coarse, 3, 2, 1)
        self.middle = nn.Sequential(*(Residual(coarse) for _ in range(DEPTH)))
        self.up, self.out = nn.Conv2d(coarse, fine, 1), Residual(fine)
        self.luma, self.chroma = nn.Conv2d(fine, 16, 3, 1, 1), nn.Conv2d(fine, 8, 3, 1, 1)

    def forward(self, blocks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(n, GIVEN, rows, columns) of bytes to what is added, of which 1 is half their range.

        Luma (n, 1, 2 rows, 2 columns) and chroma (n, 2, rows, columns); rows and columns are
        multiples of 4.
        """
        scaled = blocks.float() / 127.5 - 1
        _, _, rows, columns = blocks.shape
        blank = torch.zeros_like(scaled[:, :1])  # as many as are given, in the exported file too
        down = torch.linspace(-1, 1, rows)[:, None].expand(rows, columns)
        across = torch.linspace(-1, 1, columns)[None].expand(rows, columns)
        fine = self.enter(torch.cat([scaled, down + blank, across + blank], 1))
        coarse = self.middle(self.down(torch.relu(fine)))
        fine = self.out(fine + functional.interpolate(self.up(coarse), scale_factor=2.0))
        fine = torch.relu(fine)
        luma, chroma = self.luma(fine), self.chroma(fine)
        return functional.pixel_shuffle(luma, 4), functional.pixel_shuffle(chroma, 2)


def blocks_of(given: torch.Tensor) -> torch.Tensor:
    """What `Student` sees of (n, 8, height, width) from 0 to 255, as `Repair` sees it."""
    parts = []
    to_yuv = torch.from_numpy(TO_YUV).float()
    for first in (0, 3):
        rgb = given[:, first : first + 3]
        yuv = torch.einsum("ij,njhw->nihw", to_yuv[:, :3], rgb) + to_yuv[:, 3:, None]
        parts += [functional.pixel_unshuffle(yuv[:, :1], 2), functional.avg_pool2d(yuv[:, 1:], 2)]
    parts.append(functional.avg_pool2d(given[:, 6:8], 2))
    return torch.cat(parts, 1).round().clamp(0, 255)


def added_to(given: torch.Tensor, luma: torch.Tensor, chroma: torch.Tensor) -> torch.Tensor:
    """(n, 3, height, width): what a student's answer adds to red, green and blue, of 255."""
    inside, near = within(given), reach(given)
    luma = keep_to_lips(luma, inside, near, SMOOTH)
    half = [functional.avg_pool2d(mask, 2) for mask in (inside, near)]
    chroma = keep_to_lips(chroma, half[0], half[1], CHROMA_SMOOTH)
    wide = functional.interpolate(chroma, scale_factor=2.0, mode="bilinear")
    to_rgb = torch.from_numpy(TO_RGB).float()
    return 127.5 * torch.einsum("ij,njhw->nihw", to_rgb, torch.cat([luma, wide], 1))
