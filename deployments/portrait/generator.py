"""MobileStyleGAN through OpenVINO: random numbers to a latent, a latent to a picture of a face.

Belousov, "MobileStyleGAN: A Lightweight Convolutional Neural Network for High-Fidelity Image
Synthesis" (arXiv 2104.04767), trained on FFHQ.
"""

from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any, Final, Self

import numpy as np
import openvino
from numpy.typing import NDArray

from media.errors import AvatarError
from media.face import Picture

LATENT: Final = 512
"""Numbers in a latent, of Z as of W."""

SIDE: Final = 1024
"""Pixels of a picture's side."""

Latents = NDArray[np.float64]
"""(n, LATENT) points of W, the space in which straight lines keep a meaning."""

_NETWORKS: Final = ("MappingNetwork", "SynthesisNetwork")


class Generator:
    """Both networks, compiled for the CPU. Thread-safe: pictures are made one at a time."""

    def __init__(self, mapping: Any, synthesis: Any) -> None:
        self._mapping = mapping
        self._synthesis = synthesis
        self._lock = Lock()

    @classmethod
    def load(cls, files: Mapping[str, Path], *, threads: int) -> Self:
        """Compile the networks; `files` holds the .xml and the .bin of each by file name.

        Raises AvatarError `weights_missing` where one is absent.
        """
        absent = [f for name in _NETWORKS for f in (f"{name}.xml", f"{name}.bin") if f not in files]
        if absent:
            raise AvatarError(
                "weights_missing",
                f"{', '.join(absent)} missing: run `avatar-serve weights fetch`.",
            )
        core = openvino.Core()
        mapping, synthesis = (
            core.read_model(files[f"{name}.xml"], files[f"{name}.bin"]) for name in _NETWORKS
        )
        mapping.reshape([-1, LATENT])
        # Left to itself OpenVINO takes every core, and half precision where the CPU has it, which
        # would make the pictures differ from one machine to the next.
        properties = {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
        }
        return cls(
            core.compile_model(mapping, "CPU", properties),
            core.compile_model(synthesis, "CPU", properties),
        )

    def latents(self, z: NDArray[np.float64]) -> Latents:
        """Points of W for (n, LATENT) normally distributed numbers."""
        with self._lock:
            w = self._mapping(z.astype(np.float32))[0]
        return np.array(w, np.float64)

    def picture(self, w: NDArray[np.float64]) -> Picture:
        """The (SIDE, SIDE, 3) picture at one point (LATENT,) of W."""
        with self._lock:
            out = np.array(self._synthesis(w[None].astype(np.float32))[0][0])
        return np.clip(np.rint((out.transpose(1, 2, 0) + 1) * 127.5), 0, 255).astype(np.uint8)
