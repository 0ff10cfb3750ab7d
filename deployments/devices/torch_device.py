"""The device that a torch engine runs on, capped, measured, and what to do when it is full.

Ray's `num_gpus` only counts: a replica that shares a card keeps to its share by this cap.
"""

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeVar

import torch

from media.errors import AvatarError

Choice = Literal["auto", "cpu", "cuda"]
MIB: Final = 2**20

Item = TypeVar("Item")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class TorchDevice:
    """A device and the type that numbers have on it."""

    device: torch.device
    dtype: torch.dtype
    memory_mb: int
    """MiB that this process may allocate on a GPU, its context on top; 0: no cap."""

    @property
    def is_cuda(self) -> bool:
        """True on a GPU."""
        return self.device.type == "cuda"

    def peak_mb(self) -> int | None:
        """The most that torch held on the GPU since the process began, MiB; None on a CPU."""
        if not self.is_cuda:
            return None
        return int(torch.cuda.max_memory_reserved(self.device)) // MIB


def open_device(device: Choice = "auto", dtype: str = "auto", memory_mb: int = 0) -> TorchDevice:
    """Choose the device, cap its memory for this process, and choose the type of its numbers.

    `auto`: the GPU where torch sees one; there float16, on a CPU bfloat16 where it multiplies in
    hardware, else float32. Raises AvatarError `invalid_request` where a GPU is asked for and torch
    sees none.
    """
    seen = torch.cuda.is_available()
    if device == "cuda" and not seen:
        raise AvatarError(
            "invalid_request",
            "A GPU is configured but torch sees none: install a CUDA build of torch and check "
            "`nvidia-smi`, or set the engine's option `device: cpu`.",
        )
    on_gpu = seen and device != "cpu"
    chosen = torch.device("cuda", torch.cuda.current_device()) if on_gpu else torch.device("cpu")
    if on_gpu and memory_mb:
        total = torch.cuda.get_device_properties(chosen).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, memory_mb * MIB / total), chosen)
    return TorchDevice(chosen, _dtype(dtype, on_gpu), memory_mb)


def _dtype(name: str, on_gpu: bool) -> torch.dtype:
    if name != "auto":
        known = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
        if name not in known:
            raise ValueError(f"dtype is one of auto, {', '.join(known)}, not {name}")
        return known[name]
    if on_gpu:
        return torch.float16
    return torch.bfloat16 if has_fast_bfloat16() else torch.float32


def has_fast_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 in hardware (AMX or AVX512-BF16)."""
    check = getattr(torch.cpu, "_is_amx_tile_supported", None)
    other = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool((check and check()) or (other and other()))


def in_smaller_batches(
    make: Callable[[Sequence[Item]], Sequence[Made]], items: Sequence[Item]
) -> list[Made]:
    """What `make` gives for the items, in halves where a batch does not fit the memory.

    Raises AvatarError `overloaded` where one item alone does not fit: others may leave the card.
    """
    try:
        return list(make(items))
    except torch.OutOfMemoryError:
        too_large = len(items) <= 1
    # Outside the handler: its traceback holds the tensors that did not fit.
    free_memory()
    if too_large:
        raise AvatarError("overloaded", "The GPU's memory is full: try again in a moment.")
    half = len(items) // 2
    return in_smaller_batches(make, items[:half]) + in_smaller_batches(make, items[half:])


class Movable(Protocol):
    """What goes to a device in place: a network, a pipeline of several."""

    def to(self, device: torch.device, /) -> object:
        """Go there."""


def move(networks: Movable, on: TorchDevice) -> None:
    """Put networks on their device. Raises AvatarError `overloaded` where they do not fit."""
    try:
        networks.to(on.device)
        return
    except torch.OutOfMemoryError as error:
        why = str(error).partition(".")[0]
    # Outside the handler: its traceback holds the tensors that did not fit.
    free_memory()
    raise AvatarError(
        "overloaded",
        f"The engine's networks do not fit into the GPU's memory ({why}): raise its `memory_mb`, "
        "take a smaller model where there is one, or free the card.",
    )


def free_memory() -> None:
    """Give cached memory back to the card."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
