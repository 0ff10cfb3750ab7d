"""Wav2Lip's blocks with batch norm folded into their convolutions."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from deployments.lipsync.wav2lip.network import Block


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A convolution and what follows it."""

    weight: Tensor
    """(out, in, height, width); of a growing one (in, out, height, width)."""
    bias: Tensor | None
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    growing: bool
    """A transposed convolution."""
    residual: bool
    """Adds its input before the ReLU."""

    @classmethod
    def of(cls, block: nn.Module) -> Self:
        """Fold a `Block`, in float64 so that nothing is lost by it."""
        if not isinstance(block, Block):
            raise TypeError("not a block of the network")
        convolution, norm = block.conv_block
        if not isinstance(convolution, nn.Conv2d | nn.ConvTranspose2d):
            raise TypeError("a block begins with a convolution")
        if not isinstance(norm, nn.BatchNorm2d):
            raise TypeError("a block's convolution is followed by batch norm")
        weight, bias = _folded(convolution, norm)
        growing = isinstance(convolution, nn.ConvTranspose2d)
        stride, padding = convolution.stride, convolution.padding
        if isinstance(padding, str):
            raise TypeError("padding is a number")
        return cls(weight, bias, stride, padding, growing, block.residual)

    @classmethod
    def plain(cls, convolution: nn.Module) -> Self:
        """A convolution that nothing follows."""
        if not isinstance(convolution, nn.Conv2d) or isinstance(convolution.padding, str):
            raise TypeError("a convolution with padding in numbers")
        if convolution.bias is None:
            raise TypeError("the convolution has a bias")
        weight, bias = convolution.weight.detach(), convolution.bias.detach()
        return cls(weight, bias, convolution.stride, convolution.padding, False, False)

    def to(self, device: torch.device, dtype: torch.dtype) -> Self:
        """The layer elsewhere, laid out with channels last."""
        weight = self.weight.to(device, dtype).contiguous(memory_format=torch.channels_last)
        bias = None if self.bias is None else self.bias.to(device, dtype)
        return type(self)(weight, bias, self.stride, self.padding, self.growing, self.residual)

    def split(self, changing: int) -> tuple[Self, Self]:
        """Two layers whose sums are this one's: over the first `changing` channels, and the rest.

        The bias goes with the rest.
        """
        axis = 0 if self.growing else 1
        sizes = [changing, self.weight.shape[axis] - changing]
        first, rest = torch.split(self.weight, sizes, axis)
        how = (self.stride, self.padding, self.growing, self.residual)
        return type(self)(first.clone(), None, *how), type(self)(rest.clone(), self.bias, *how)

    def sums(self, x: Tensor) -> Tensor:
        """The convolution alone."""
        if self.growing:
            grow = [step - 1 for step in self.stride]
            return functional.conv_transpose2d(
                x, self.weight, self.bias, self.stride, self.padding, grow
            )
        return functional.conv2d(x, self.weight, self.bias, self.stride, self.padding)

    def __call__(self, x: Tensor) -> Tensor:
        """The convolution and what follows it."""
        made = self.sums(x)
        return (made.add_(x) if self.residual else made).relu_()


def _folded(
    convolution: nn.Conv2d | nn.ConvTranspose2d, norm: nn.BatchNorm2d
) -> tuple[Tensor, Tensor]:
    mean, variance, bias = norm.running_mean, norm.running_var, convolution.bias
    if mean is None or variance is None or bias is None:
        raise TypeError("a block's convolution has a bias, its batch norm has statistics")
    scale = norm.weight.double() / (variance.double() + norm.eps).sqrt()
    axis = 1 if isinstance(convolution, nn.ConvTranspose2d) else 0
    shape = [1] * 4
    shape[axis] = -1
    weight = convolution.weight.double() * scale.reshape(shape)
    moved = (bias.double() - mean.double()) * scale + norm.bias.double()
    return weight.detach().float(), moved.detach().float()
