"""How near a network comes to what its device can do: work counted, limits measured.

The limits are those of this machine in this run: the best rate of large matrix products and
convolutions in the same type, and the rate at which a large tensor is copied.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

CHANNELS, SIDE = 128, 64
"""Of the convolution that a device's limit is measured by."""
VIEWS: Final = ("view", "slice", "select", "expand", "permute", "transpose", "unsqueeze", "alias")
"""Parts of the names of operations that move nothing."""


@dataclass(frozen=True, slots=True)
class Work:
    """What one run of something asks of its device."""

    flops: float
    bytes: float


@dataclass(frozen=True, slots=True)
class Limits:
    """What the device was seen to do."""

    flops_a_second: float
    bytes_a_second: float

    def seconds(self, work: Work) -> float:
        """The least time that the work can take."""
        return max(work.flops / self.flops_a_second, work.bytes / self.bytes_a_second)


class _Bytes(TorchDispatchMode):
    """Sums the sizes of what each operation reads and writes."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        if not any(view in func.__name__ for view in VIEWS):
            tensors = [t for t in tree_leaves((args, kwargs, made)) if isinstance(t, torch.Tensor)]
            self.total += sum(t.numel() * t.element_size() for t in tensors)
        return made


def count(run: Callable[[], object]) -> Work:
    """Floating point operations (a multiply and an add are two) and bytes moved by a run.

    What falls on padding counts too, though some libraries leave it out.
    """
    moved, flops = _Bytes(), FlopCounterMode(display=False)
    with torch.no_grad(), moved, flops:
        run()
    return Work(float(flops.get_total_flops()), float(moved.total))


def measure_limits(device: torch.device, dtype: torch.dtype) -> Limits:
    """The device's best rates; about a second."""
    side = 8192 if device.type == "cuda" else 4096
    a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    pictures = torch.randn(32, CHANNELS, SIDE, SIDE, device=device).to(dtype)
    pictures = pictures.contiguous(memory_format=torch.channels_last)
    weight = torch.randn(CHANNELS, CHANNELS, 3, 3, device=device).to(dtype)
    weight = weight.contiguous(memory_format=torch.channels_last)
    large = torch.zeros(2**28 if device.type == "cuda" else 2**26, dtype=torch.uint8, device=device)
    into = torch.empty_like(large)
    with torch.inference_mode():
        product = 2 * side**3 / best(lambda: torch.mm(a, b), device, 5)
        convolved = best(lambda: functional.conv2d(pictures, weight, padding=1), device, 5)
        copied = best(lambda: into.copy_(large), device, 5)
    convolution = 2 * 32 * 9 * (SIDE * CHANNELS) ** 2 / convolved
    return Limits(max(product, convolution), 2 * large.numel() / copied)


def best(run: Callable[[], object], device: torch.device, times: int) -> float:
    """Seconds of the fastest of several runs, after one that warms up."""
    run()
    return min(seconds(run, device) for _ in range(times))


def seconds(run: Callable[[], object], device: torch.device) -> float:
    """Seconds that a run takes, until the device has done it."""
    wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    wait()
    began = time.perf_counter()
    run()
    wait()
    return time.perf_counter() - began
