"""The networks: one repairs the warped mouth, one tells repaired mouths from drawn ones."""

import torch
import torch.nn.functional as functional
from torch import nn

from deployments.lipsync.repair import BLUR, DILATE, RIM, SMOOTH

GIVEN = 8
"""Channels in: warp and source (R, G, B each), the mouth's inside, lips and inside."""
WIDTHS = (24, 48, 96)


def _conv(given: int, made: int, stride: int = 1, size: int = 3) -> nn.Conv2d:
    return nn.Conv2d(given, made, size, stride, size // 2)


class Residual(nn.Module):
    """Two convolutions, added to what came in; nothing at first."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = _conv(width, width), _conv(width, width)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)  # type: ignore[arg-type]  # it has a bias

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Same shape."""
        y: torch.Tensor = self.second(torch.relu(self.first(torch.relu(x))))
        return x + y


class Repair(nn.Module):
    """U-Net (Ronneberger et al., 2015) on 2 x 2 blocks of pixels: what to add to the warp."""

    def __init__(self) -> None:
        super().__init__()
        fine, middle, coarse = WIDTHS
        self.enter = _conv(4 * (GIVEN + 2), fine)
        self.down1, self.in1 = _conv(fine, middle, 2), Residual(middle)
        self.down2, self.in2 = _conv(middle, coarse, 2), Residual(coarse)
        self.in3 = Residual(coarse)
        self.up2, self.out2 = _conv(coarse, middle, size=1), Residual(middle)
        self.up1, self.out1 = _conv(middle, fine, size=1), Residual(fine)
        self.leave = _conv(fine, 12)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)  # type: ignore[arg-type]  # it has a bias

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        """(n, GIVEN, height, width) of 0 to 255 to (n, 3, height, width) of what is added.

        Height and width are multiples of 8.
        """
        # Blocks are made of bytes: four times less to move than of floats.
        scaled = functional.pixel_unshuffle(given, 2).float() / 127.5 - 1
        _, _, height, width = given.shape
        blank = torch.zeros_like(scaled[:, :4])  # as many as are given, in the exported file too
        ys = torch.linspace(-1, 1, height)[:, None].expand(height, width)
        xs = torch.linspace(-1, 1, width)[None].expand(height, width)
        places = functional.pixel_unshuffle(torch.stack([ys, xs])[None], 2)
        fine = self.enter(torch.cat([scaled, places[:, :4] + blank, places[:, 4:] + blank], 1))
        middle = self.in1(self.down1(torch.relu(fine)))
        coarse = self.in3(self.in2(self.down2(torch.relu(middle))))
        middle = self.out2(middle + functional.interpolate(self.up2(coarse), scale_factor=2.0))
        fine = self.out1(fine + functional.interpolate(self.up1(middle), scale_factor=2.0))
        added = functional.pixel_shuffle(self.leave(torch.relu(fine)), 2)
        return 127.5 * keep_to_lips(added, within(given), reach(given), SMOOTH)


def keep_to_lips(
    added: torch.Tensor, inside: torch.Tensor, near: torch.Tensor, size: int
) -> torch.Tensor:
    """What is added: in full where `inside`, as a mean over `size` elsewhere, as far as `near`."""
    smooth = _mean(added, size)
    return (smooth + (added - smooth) * inside) * near


def reach(given: torch.Tensor) -> torch.Tensor:
    """(n, 1, height, width) 0 to 1: where the repair may act, the lips and a little round them."""
    return _mean(_most(given[:, 7:8].float() / 255, DILATE), BLUR)


def within(given: torch.Tensor) -> torch.Tensor:
    """(n, 1, height, width) 0 to 1: the mouth's inside and its rim, where all may be new."""
    return _mean(_most(given[:, 6:7].float() / 255, RIM), RIM)


def _mean(x: torch.Tensor, size: int) -> torch.Tensor:
    """Same shape: of the squares of `size` round each pixel, a side after the other."""
    for sides in ((size, 1), (1, size)):
        around = (sides[0] // 2, sides[1] // 2)
        x = functional.avg_pool2d(x, sides, 1, around, count_include_pad=False)
    return x


def _most(x: torch.Tensor, size: int) -> torch.Tensor:
    for sides in ((size, 1), (1, size)):
        x = functional.max_pool2d(x, sides, 1, (sides[0] // 2, sides[1] // 2))
    return x


class Critic(nn.Module):
    """Patches of a mouth, drawn or repaired? (Isola et al., 2017), with spectral norms."""

    def __init__(self) -> None:
        super().__init__()
        widths = (5, 32, 64, 96, 96)
        strides = (2, 2, 2, 1)
        self.layers = nn.ModuleList(
            nn.utils.parametrizations.spectral_norm(_conv(a, b, s, 4 if s == 2 else 3))
            for a, b, s in zip(widths, widths[1:], strides, strict=False)
        )
        self.last = _conv(widths[-1], 1)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Scores of patches, and the features on the way, of pictures from -1 to 1 with masks."""
        features = []
        for layer in self.layers:
            x = functional.leaky_relu(layer(x), 0.2)
            features.append(x)
        return self.last(x), features
