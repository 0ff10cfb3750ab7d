"""What runs the network: torch or onnxruntime."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]


class Runner(Protocol):
    """The network on some device. Thread-safe."""

    @property
    def on_gpu(self) -> bool:
        """Whether it runs on a GPU."""

    def face(self, face: FloatArray) -> Any:
        """What the network needs of a face, (6, 96, 96) from 0 to 1, done once."""

    def speak(self, mel: FloatArray, faces: Sequence[Any], whose: NDArray[np.intp]) -> FloatArray:
        """The shown part of each frame's face: (n, 3, rows, columns), BGR from 0 to 1.

        `mel` is (n, 80, 16); frame k is of `faces[whose[k]]`, and `whose` rises.
        """

    def warm_up(self) -> None:
        """Infer at every size that is used."""

    def peak_mb(self) -> int | None:
        """The most GPU memory held, MiB; None where that is not known or there is no GPU."""
