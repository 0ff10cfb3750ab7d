"""Wav2Lip in torch: bfloat16 or float32 on processors, float16 and CUDA graphs on GPUs."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

import numpy as np
import torch
from numpy.typing import NDArray

from deployments.devices.torch_device import TorchDevice, in_smaller_batches, open_device
from deployments.lipsync.wav2lip.buckets import by_faces
from deployments.lipsync.wav2lip.checkpoint import load_generator
from deployments.lipsync.wav2lip.fast import FastGenerator, Maps
from deployments.lipsync.wav2lip.graphs import Graphs
from deployments.lipsync.wav2lip.network import FACE_SHAPE, MEL_SHAPE, Generator
from deployments.lipsync.wav2lip.runner import FloatArray

TOGETHER: Final = 32
"""Frames a batch on a processor: its layers' weights are unpacked once for all of them."""


class TorchRunner:
    """The network taken apart for still faces. Thread-safe."""

    def __init__(self, network: FastGenerator, on: TorchDevice, slots: int) -> None:
        self._network = network
        self._on = on
        self._slots = slots
        self._graphs: Graphs | None = None
        self._capturing = threading.Lock()

    @classmethod
    def load(
        cls,
        checkpoint: Path,
        *,
        threads: int,
        device: str,
        dtype: str,
        memory_mb: int,
        faces: int,
    ) -> Self:
        """Open a checkpoint. `faces`: how many that a batch on a GPU may be of.

        Raises AvatarError `weights_missing`, and `invalid_request` for a GPU that is not there.
        """
        if device not in ("auto", "cpu", "cuda"):
            raise ValueError(f"device is one of auto, cpu, cuda, not {device}")
        on = open_device(device, dtype, memory_mb)  # type: ignore[arg-type]  # checked above
        torch.set_num_threads(threads)
        return cls.of(load_generator(checkpoint), on, faces)

    @classmethod
    def of(cls, network: Generator, on: TorchDevice, faces: int = 1) -> Self:
        """Run a network that is there."""
        return cls(FastGenerator.of(network).to(on.device, on.dtype), on, faces)

    @property
    def on_gpu(self) -> bool:
        """Whether it runs on a GPU."""
        return self._on.is_cuda

    def face(self, face: FloatArray) -> Maps:
        """What a face adds to the decoder."""
        with torch.inference_mode():
            return self._network.maps(torch.from_numpy(face[None]).to(self._on.device))

    def speak(self, mel: FloatArray, faces: Sequence[Maps], whose: NDArray[np.intp]) -> FloatArray:
        """See `Runner`; `whose` rises. What does not fit a GPU's memory is made in halves."""
        if not len(mel):
            return np.zeros((0, 3, *self._network.cuts.shown.size), np.float32)
        heard = torch.from_numpy(mel[:, None])
        owners = torch.from_numpy(whose.astype(np.int64))

        with torch.inference_mode():
            if self._on.is_cuda:
                parts = by_faces(whose, len(faces), self._slots)
            else:
                parts = (
                    (slice(None), slice(n, n + TOGETHER)) for n in range(0, len(mel), TOGETHER)
                )
            made = [
                self._part(heard[frames], faces[seen], owners[frames] - (seen.start or 0))
                for seen, frames in parts
            ]
        return np.concatenate(made)

    def _part(self, mel: torch.Tensor, faces: Sequence[Maps], whose: torch.Tensor) -> FloatArray:
        def make(frames: Sequence[int]) -> list[FloatArray]:
            here = slice(frames[0], frames[-1] + 1)
            speak = self._on_gpu if self._on.is_cuda else self._on_processor
            return [speak(mel[here], faces, whose[here])]

        return np.concatenate(in_smaller_batches(make, range(len(mel))))

    def _on_gpu(self, mel: torch.Tensor, faces: Sequence[Maps], whose: torch.Tensor) -> FloatArray:
        made: FloatArray = self._captured(faces[0]).speak(mel, faces, whose).numpy()
        return made

    def _on_processor(
        self, mel: torch.Tensor, faces: Sequence[Maps], whose: torch.Tensor
    ) -> FloatArray:
        present, owners = torch.unique(whose, return_inverse=True)
        maps = tuple(torch.cat(level) for level in zip(*(faces[n] for n in present), strict=True))
        made = self._network.speak(
            mel.to(self._on.dtype), maps, owners if len(present) > 1 else None
        )
        found: FloatArray = made.float().numpy()
        return found

    def _captured(self, one: Maps) -> Graphs:
        with self._capturing:
            if self._graphs is None:
                self._graphs = Graphs.capture(self._network, one, self._slots)
            return self._graphs

    def warm_up(self) -> None:
        """A GPU's graphs are captured by running every size; a processor makes one batch."""
        face = self.face(np.full(FACE_SHAPE, 0.5, np.float32))
        mel = np.zeros((1 if self._on.is_cuda else TOGETHER, *MEL_SHAPE[1:]), np.float32)
        self.speak(mel, [face], np.zeros(len(mel), np.intp))

    def peak_mb(self) -> int | None:
        """The most GPU memory held, MiB; None on a processor."""
        return self._on.peak_mb()
