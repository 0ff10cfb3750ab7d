"""The generator of Wav2Lip, with the tensor names of its published checkpoints.

Prajwal et al., "A Lip Sync Expert Is All You Need for Speech to Lip Generation In The Wild", ACM MM
2020. This is the plain network, for loading, export and proofs; `fast.py` runs it.
"""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

MEL_SHAPE: Final = (1, 80, 16)
FACE_SHAPE: Final = (6, 96, 96)
"""Of one frame."""

# (channels in, channels out, kernel, stride, padding) of each convolution that changes the size,
# and how many residual ones follow it.
Shape = tuple[int, int, int, int | tuple[int, int], int]

FACE_ENCODER: Final[tuple[tuple[Shape, int], ...]] = (
    ((6, 16, 7, 1, 3), 0),
    ((16, 32, 3, 2, 1), 2),
    ((32, 64, 3, 2, 1), 3),
    ((64, 128, 3, 2, 1), 2),
    ((128, 256, 3, 2, 1), 2),
    ((256, 512, 3, 2, 1), 1),
    ((512, 512, 3, 1, 0), 0),
)
AUDIO_ENCODER: Final[tuple[tuple[Shape, int], ...]] = (
    ((1, 32, 3, 1, 1), 2),
    ((32, 64, 3, (3, 1), 1), 2),
    ((64, 128, 3, 3, 1), 2),
    ((128, 256, 3, (3, 2), 1), 1),
    ((256, 512, 3, 1, 0), 0),
)
# (channels in, the encoder's included, channels out, stride, padding) and residual ones.
DECODER: Final = (
    (1024, 512, 1, 0, 1),
    (1024, 512, 2, 1, 2),
    (768, 384, 2, 1, 2),
    (512, 256, 2, 1, 2),
    (320, 128, 2, 1, 2),
    (160, 64, 2, 1, 2),
)


class Block(nn.Module):
    """Convolution, batch norm and ReLU; a residual one adds its input before the ReLU."""

    def __init__(self, convolution: nn.Module, channels: int, *, residual: bool = False) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(convolution, nn.BatchNorm2d(channels))
        self.residual = residual

    def forward(self, x: Tensor) -> Tensor:
        """(n, in, h, w) to (n, out, h', w')."""
        made: Tensor = self.conv_block(x)
        return functional.relu(made + x if self.residual else made)


def _conv(shape: Shape) -> Block:
    return Block(nn.Conv2d(*shape), shape[1])


def _residual(channels: int) -> Block:
    return Block(nn.Conv2d(channels, channels, 3, 1, 1), channels, residual=True)


def _group(shape: Shape, residuals: int) -> list[Block]:
    return [_conv(shape), *(_residual(shape[1]) for _ in range(residuals))]


def _growing(into: int, out: int, stride: int, padding: int, residuals: int) -> list[Block]:
    grow = nn.ConvTranspose2d(into, out, 3, stride, padding, output_padding=stride - 1)
    return [Block(grow, out), *(_residual(out) for _ in range(residuals))]


class Generator(nn.Module):
    """Sound and face in, speaking face out."""

    def __init__(self) -> None:
        super().__init__()
        point: Shape = (512, 512, 1, 1, 0)
        face = [_group(*group) for group in FACE_ENCODER]
        face[-1].append(_conv(point))
        self.face_encoder_blocks = nn.ModuleList(nn.Sequential(*group) for group in face)
        audio = [block for group in AUDIO_ENCODER for block in _group(*group)]
        self.audio_encoder = nn.Sequential(*audio, _conv(point))
        decoder = [[_conv(point)], *(_growing(*group) for group in DECODER)]
        self.face_decoder_blocks = nn.ModuleList(nn.Sequential(*group) for group in decoder)
        self.output_block = nn.Sequential(
            _conv((80, 32, 3, 1, 1)), nn.Conv2d(32, 3, 1, 1, 0), nn.Sigmoid()
        )

    def forward(self, mel: Tensor, face: Tensor) -> Tensor:
        """A spoken face for each frame.

        Args:
            mel: (n, 1, 80, 16), -4 to 4.
            face: (n, 6, 96, 96), 0 to 1: BGR with the lower half black, then BGR whole.

        Returns:
            (n, 3, 96, 96), BGR from 0 to 1.
        """
        features = []
        for block in self.face_encoder_blocks:
            face = block(face)
            features.append(face)
        x: Tensor = self.audio_encoder(mel)
        for block in self.face_decoder_blocks:
            x = torch.cat([block(x), features.pop()], dim=1)
        made: Tensor = self.output_block(x)
        return made
