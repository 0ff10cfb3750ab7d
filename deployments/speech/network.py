"""Speech networks in onnxruntime, with the durations that their files do not give out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import onnxruntime as ort  # type: ignore[import-untyped]  # ships no types

from deployments.devices.onnx_device import CPU
from media.errors import AvatarError

RATE: Final = 24_000
"""Samples per second that the networks speak."""
FRAME: Final = 600
"""Samples at 24 kHz that one unit of the networks' durations stands for."""


def needed(files: Mapping[str, Path], name: str, weights: str) -> Path:
    """Where a file lies. Raises AvatarError `weights_missing`."""
    if name not in files:
        raise AvatarError(
            "weights_missing",
            f"The voices' file {name} is missing: run `avatar-serve weights fetch {weights}`.",
        )
    return Path(files[name])


def open_network(
    path: Path, durations: str, threads: int, providers: Sequence[Any] = (CPU,)
) -> ort.InferenceSession:
    """The network of a file, its inner value `durations` as one more output, the last."""
    settings = ort.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.inter_op_num_threads = 1
    # Threads that wait by spinning take the cores from the other stages of a machine.
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    model = with_output(path.read_bytes(), durations)
    return ort.InferenceSession(model, settings, providers=list(providers))


def with_output(model: bytes, name: str) -> bytes:
    """A serialized ONNX model that also gives the value `name`.

    A protobuf message followed by another of its type is the two merged, lists appended
    (protobuf encoding guide, "last one wins"); so a model that holds nothing but
    graph (field 7) { output (12) { name (1) } } is put behind it.
    """
    return model + _field(7, _field(12, _field(1, name.encode())))


def _field(number: int, value: bytes) -> bytes:
    """A length-delimited protobuf field; numbers to 15, values to 127 bytes."""
    if not (0 < number < 16 and len(value) < 128):
        raise ValueError("needs a longer varint")
    return bytes((number << 3 | 2, len(value))) + value
