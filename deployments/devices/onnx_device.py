"""What onnxruntime runs the networks of an engine on, and whether it really does."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Literal

from media.errors import AvatarError

Device = Literal["auto", "cpu", "cuda"]

CPU: Final = "CPUExecutionProvider"
CUDA: Final = "CUDAExecutionProvider"

_MIB: Final = 2**20

_REMEDY: Final = (
    "install onnxruntime-gpu in place of onnxruntime (`make gpu`; never both) and check "
    "`nvidia-smi`, or set the engine's option `device: cpu`."
)


_FULL: Final = ("Failed to allocate memory", "out of memory", "ALLOC_FAILED")
"""What onnxruntime, CUDA and its libraries say of a full memory; there is no class for it."""


def providers(
    device: str, memory_mb: int, networks: int, available: Sequence[str]
) -> list[str | tuple[str, dict[str, Any]]]:
    """Execution providers of each of an engine's networks.

    `memory_mb`: MiB of the GPU that all of them together may take; 0: no cap. Each session has an
    arena of its own, so each gets its share, and takes no more than it asks for
    (https://onnxruntime.ai/docs/execution-providers/CUDA-ExecutionProvider.html).

    Raises ValueError for another device; AvatarError `invalid_request` where onnxruntime was built
    without CUDA.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise ValueError(f"device is auto, cpu or cuda, not {device}")
    if device == "cpu" or (device == "auto" and CUDA not in available):
        return [CPU]
    if CUDA not in available:
        raise AvatarError(
            "invalid_request",
            f"A GPU is configured but this onnxruntime has no CUDA: {_REMEDY}",
        )
    options: dict[str, Any] = {
        "arena_extend_strategy": "kSameAsRequested",
        # Pictures come in many sizes: an exhaustive search would begin again with each.
        "cudnn_conv_algo_search": "HEURISTIC",
    }
    if memory_mb:
        options["gpu_mem_limit"] = memory_mb * _MIB // networks
    return [(CUDA, options), CPU]


def require_cuda(device: str, used: Sequence[Sequence[str]]) -> None:
    """Raise where a GPU was asked for and a session does not use it: `used` of each session.

    onnxruntime says nothing of its own when it falls back to the CPU.
    """
    if device == "cuda" and not all(CUDA in names for names in used):
        raise AvatarError(
            "invalid_request",
            f"A GPU is configured but onnxruntime could not open it and fell back to the CPU: "
            f"{_REMEDY}",
        )


@contextmanager
def full_memory_is_said() -> Iterator[None]:
    """Raise AvatarError `overloaded`, which is tried again, for a full memory within the block."""
    try:
        yield
    except Exception as error:
        if any(words in str(error) for words in _FULL):
            raise AvatarError(
                "overloaded", "The GPU's memory is full: try again in a moment."
            ) from error
        raise
