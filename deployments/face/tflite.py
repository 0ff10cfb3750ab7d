"""TFLite networks out of MediaPipe's `.task` bundles, run so that threads may share them."""

import threading
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from media.errors import AvatarError

Tensor = NDArray[np.float32]

MAX_MEMBER_BYTES = 64 * 1024 * 1024
"""More than any network of a face bundle; a larger member is not ours."""


class Network:
    """One TFLite network with one input.

    An interpreter owns its input and output buffers, so a call holds a lock from filling the one
    to copying the other.
    """

    def __init__(self, model: bytes, *, threads: int) -> None:
        # The interpreter reads the model in place: the bytes must live as long as it does.
        self._model = model
        self._interpreter: Any = Interpreter(model_content=model, num_threads=threads)
        self._interpreter.allocate_tensors()
        details = self._interpreter.get_input_details()[0]
        self._input: int = details["index"]
        self.input_shape: tuple[int, ...] = tuple(int(n) for n in details["shape"])
        self._outputs = {
            str(output["name"]): int(output["index"])
            for output in self._interpreter.get_output_details()
        }
        self._lock = threading.Lock()

    def __call__(self, tensor: Tensor, names: Sequence[str]) -> list[Tensor]:
        """Outputs called `names` for an input of `input_shape`, float32, as copies."""
        with self._lock:
            self._interpreter.set_tensor(self._input, tensor)
            self._interpreter.invoke()
            return [self._interpreter.get_tensor(self._outputs[name]) for name in names]


def read_task(path: Path, members: Sequence[str]) -> dict[str, bytes]:
    """The named members of a `.task` bundle (a zip file).

    Raises AvatarError `weights_missing` where the file is absent or is not that bundle.
    """
    try:
        with zipfile.ZipFile(path) as bundle:
            for member in members:
                if bundle.getinfo(member).file_size > MAX_MEMBER_BYTES:
                    raise ValueError(f"{member} is too large")
            return {member: bundle.read(member) for member in members}
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise unreadable(path) from error


def unreadable(path: Path) -> AvatarError:
    """The fault of a bundle that is not what its name says."""
    return AvatarError(
        "weights_missing",
        f"{path.name} cannot be read: fetch it again with `avatar-serve weights fetch`.",
    )
