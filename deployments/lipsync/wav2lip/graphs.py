"""The network as CUDA graphs of a few batch sizes: one launch a batch instead of a hundred."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor

from deployments.lipsync.wav2lip.buckets import SIZES, cut_into
from deployments.lipsync.wav2lip.fast import FastGenerator, Maps
from deployments.lipsync.wav2lip.network import MEL_SHAPE
from media.errors import AvatarError


@dataclass(frozen=True, slots=True, eq=False)
class Captured:
    """One batch size, ready to be launched."""

    graph: torch.cuda.CUDAGraph
    """Reads `mel` and `whose`, and the faces' maps, and writes `made`."""
    mel: Tensor
    whose: Tensor
    made: Tensor


class Graphs:
    """Speaks for up to `slots` faces at once. Thread-safe: one batch at a time."""

    def __init__(self, bank: Maps, captured: dict[int, Captured]) -> None:
        self._bank = bank
        self._captured = captured
        self._lock = threading.Lock()

    @classmethod
    def capture(
        cls,
        network: FastGenerator,
        one: Maps,
        slots: int,
        sizes: Sequence[int] = SIZES,
    ) -> Self:
        """Capture each size, the largest first, which the others share their memory with.

        `one` is the maps of any face. Sizes that do not fit the memory are done without. Raises
        AvatarError `overloaded` where none fits.
        """
        bank = tuple(
            m.expand(slots, -1, -1, -1).clone(memory_format=torch.channels_last) for m in one
        )
        captured: dict[int, Captured] = {}
        pool = torch.cuda.graph_pool_handle()
        with torch.backends.cudnn.flags(enabled=True, benchmark=True):
            for size in sorted(sizes, reverse=True):
                try:
                    captured[size] = _capture(network, bank, size, pool)
                except torch.OutOfMemoryError:
                    continue
        if not captured:
            raise AvatarError("overloaded", "The GPU's memory is full: try again in a moment.")
        return cls(bank, captured)

    def speak(self, mel: Tensor, faces: Sequence[Maps], whose: Tensor) -> Tensor:
        """(n, 3, rows, columns) in float32, on the host: see `FastGenerator.speak`.

        `mel` and `whose` are on the host; `faces` at most as many as there are slots.
        """
        sizes = sorted(self._captured)
        made, first = [], 0
        with self._lock:
            for slot, maps in enumerate(faces):
                for place, part in zip(self._bank, maps, strict=True):
                    place[slot].copy_(part[0])
            for frames, size in cut_into(len(mel), sizes):
                one = self._captured[size]
                here = slice(first, first + frames)
                one.mel[:frames].copy_(mel[here])
                one.whose[:frames].copy_(whose[here])
                one.graph.replay()
                made.append(one.made[:frames].float().cpu())
                first += frames
        return torch.cat(made)


def _capture(network: FastGenerator, bank: Maps, size: int, pool: Any) -> Captured:
    device, dtype = bank[0].device, bank[0].dtype
    mel = torch.zeros((size, *MEL_SHAPE), device=device, dtype=dtype)
    whose = torch.zeros(size, device=device, dtype=torch.long)
    side = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # torch leaves it untyped
    side.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(side):  # what a first run sets up must not be captured
        for _ in range(3):
            network.speak(mel, bank, whose)
    torch.cuda.current_stream(device).wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, pool=pool):
        made = network.speak(mel, bank, whose)
    return Captured(graph, mel, whose, made)
