"""Wav2Lip in onnxruntime: an export of ours, or a whole network that somebody else exported."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import onnxruntime  # type: ignore[import-untyped]  # ships no types
from numpy.typing import NDArray

from deployments.devices.onnx_device import CUDA, full_memory_is_said, providers, require_cuda
from deployments.lipsync.wav2lip.runner import FloatArray
from deployments.lipsync.wav2lip.shown import SHOWN_COLUMNS, SHOWN_ROWS
from media.errors import AvatarError

TOGETHER: Final = 32
"""Frames a batch where the network takes any number."""

_MEL, _FACE = [1, 80, 16], [6, 96, 96]


class OnnxRunner:
    """The whole network, run for every frame. Thread-safe."""

    def __init__(self, session: Any, mel: str, face: str, batch: int | None) -> None:
        self._session = session
        self._mel, self._face = mel, face
        self._batch = batch

    @classmethod
    def load(cls, path: Path, *, threads: int, device: str = "auto", memory_mb: int = 0) -> Self:
        """Open a network whose inputs are (n, 1, 80, 16) and (n, 6, 96, 96), whatever their names.

        n may be any number or one that is fixed. `memory_mb` caps onnxruntime's arena on a GPU.
        Raises AvatarError `weights_missing` for another file, `invalid_request` where a GPU is
        asked for and onnxruntime does not use it.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        chosen = providers(device, memory_mb, 1, onnxruntime.get_available_providers())
        try:
            model = path.read_bytes()
        except OSError as error:
            raise _wrong(path, "it cannot be read") from error
        try:
            session = onnxruntime.InferenceSession(model, options, providers=chosen)
        except Exception as error:  # onnxruntime's errors share no base
            raise _wrong(path, "onnxruntime cannot open it") from error
        require_cuda(device, [session.get_providers()])
        shapes = {given.name: list(given.shape) for given in session.get_inputs()}
        mel, face = (_named(path, shapes, shape) for shape in (_MEL, _FACE))
        sizes = {shapes[name][0] for name in (mel, face)}
        fixed = [size for size in sizes if isinstance(size, int)]
        return cls(session, mel, face, fixed[0] if fixed else None)

    @property
    def on_gpu(self) -> bool:
        """Whether it runs on a GPU."""
        return CUDA in self._session.get_providers()

    def face(self, face: FloatArray) -> FloatArray:
        """The face itself: a whole network has no part that could be done once."""
        return face

    def speak(
        self, mel: FloatArray, faces: Sequence[FloatArray], whose: NDArray[np.intp]
    ) -> FloatArray:
        """See `Runner`."""
        rows, columns = slice(*SHOWN_ROWS), slice(*SHOWN_COLUMNS)
        size = rows.stop - rows.start, columns.stop - columns.start
        made = np.empty((len(mel), 3, *size), np.float32)
        bank = np.stack(faces) if faces else np.zeros((0, *_FACE), np.float32)
        together = self._batch or TOGETHER
        for first in range(0, len(mel), together):
            here = slice(first, min(first + together, len(mel)))
            short = (self._batch or 0) - (here.stop - here.start)
            heard, seen = mel[here, None], bank[whose[here]]
            if short > 0:  # a fixed batch is filled up with its last frame
                heard, seen = (np.append(x, np.repeat(x[-1:], short, 0), 0) for x in (heard, seen))
            with full_memory_is_said():
                (out,) = self._session.run(None, {self._mel: heard, self._face: seen})
            made[here] = out[: here.stop - here.start, :, rows, columns]
        return made

    def warm_up(self) -> None:
        """Make one whole batch."""
        count = self._batch or TOGETHER
        face = np.full(_FACE, 0.5, np.float32)
        self.speak(np.zeros((count, *_MEL[1:]), np.float32), [face], np.zeros(count, np.intp))

    def peak_mb(self) -> int | None:
        """Not known: onnxruntime doesn't say."""
        return None


def _named(path: Path, shapes: Mapping[str, list[Any]], wanted: list[int]) -> str:
    found = [name for name, shape in shapes.items() if shape[1:] == wanted]
    if len(found) != 1 or len(shapes) != 2:
        raise _wrong(path, "its inputs are not (n, 1, 80, 16) and (n, 6, 96, 96)")
    return found[0]


def _wrong(path: Path, why: str) -> AvatarError:
    return AvatarError(
        "weights_missing",
        f"{path.name} is no ONNX export of Wav2Lip ({why}): write one from a checkpoint with "
        "`python -m deployments.lipsync.wav2lip.export`.",
    )
