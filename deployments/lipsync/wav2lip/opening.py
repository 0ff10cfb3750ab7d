"""Opening the network in the runtime that the options name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deployments.lipsync.wav2lip.runner import Runner
from media.errors import AvatarError

WEIGHTS: Final = {"gan": ("wav2lip-gan", "wav2lip_gan.pth"), "plain": ("wav2lip", "wav2lip.pth")}
"""Variant -> its name in the weights manifest and its file."""
GPU_BATCH: Final = 8
PROCESSOR_BATCH: Final = 2
"""Calls that are made together where the options don't say."""


def chosen(variant: str) -> tuple[str, str]:
    """Name in the manifest and file of a variant. Raises ValueError for another."""
    if variant not in WEIGHTS:
        raise ValueError(f"variant is one of {', '.join(WEIGHTS)}, not {variant}")
    return WEIGHTS[variant]


def open_runner(
    files: Mapping[str, Path],
    *,
    runtime: str,
    variant: str,
    file: str,
    threads: int,
    device: str,
    dtype: str,
    memory_mb: int,
    faces: int,
) -> Runner:
    """The network as `Wav2Lip.load` describes; `faces`: of how many a GPU's batch may be.

    Raises AvatarError `weights_missing`, also for a library; `invalid_request` for a missing GPU.
    """
    if runtime == "onnx":
        from deployments.lipsync.wav2lip.onnx_runner import OnnxRunner

        if not file:
            raise AvatarError(
                "weights_missing",
                "Wav2Lip in onnxruntime needs an ONNX file: write one by `python -m "
                "deployments.lipsync.wav2lip.export` and name it by the option `file`.",
            )
        return OnnxRunner.load(Path(file), threads=threads, device=device, memory_mb=memory_mb)
    if runtime != "torch":
        raise ValueError(f"runtime is torch or onnx, not {runtime}")
    path = Path(file) if file else files[chosen(variant)[1]]
    try:  # here, so that onnxruntime alone does too
        from deployments.lipsync.wav2lip.torch_runner import TorchRunner
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise AvatarError(
            "weights_missing",
            'Wav2Lip needs torch, which is not installed: pip install "avatar-serve[wav2lip]", '
            "or set the option `runtime: onnx`.",
        ) from error
    return TorchRunner.load(
        path, threads=threads, device=device, dtype=dtype, memory_mb=memory_mb, faces=faces
    )
