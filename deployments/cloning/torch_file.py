"""Reads the tensors of a file that torch saved before version 1.6, without torch.

Such a file is a row of pickles (a magic number, a version, the sizes of types, the object, the
names of the storages) and then the storages themselves, each behind its length (torch's
`serialization._legacy_save`). Of the object's pickle only what makes up tensors is let in: any
other name in it is refused, so that nothing in the file is executed.
"""

import pickle
import pickletools
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

_MAGIC: Final = 0x1950A86A20F9469CFC6C
_VERSION: Final = 1001
_COUNT: Final = np.dtype("<i8")
_MOST_NOTED: Final = 1_000_000
"""A pickle of a million tensors' names would be one of a giant network."""
_TYPES: Final[Mapping[str, np.dtype[Any]]] = {
    "FloatStorage": np.dtype("<f4"),
    "LongStorage": np.dtype("<i8"),
}


class TorchFileError(ValueError):
    """The file is not what torch saves, or holds more than tensors."""


@dataclass(frozen=True, slots=True)
class _Storage:
    key: str
    dtype: np.dtype[Any]
    count: int


@dataclass(frozen=True, slots=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]


def read_tensors(path: Path, inside: str) -> dict[str, NDArray[Any]]:
    """The tensors of the dict under `inside` in the saved object, by name.

    Raises TorchFileError; OSError where the file cannot be read.
    """
    with path.open("rb") as file:
        try:
            saved, keys = _header(file)
            storages = _storages(file, saved, keys)
            return {
                str(name): _laid_out(tensor, storages)
                for name, tensor in saved[inside].items()
                if isinstance(tensor, _Tensor)
            }
        except TorchFileError:
            raise
        # pickle raises all kinds for a file that is none.
        except Exception as error:
            raise TorchFileError(f"{path.name} is no file of torch: {error}") from error


class _Reader(pickle.Unpickler):
    """Lets in dicts and tensors of numbers."""

    def find_class(self, module: str, name: str) -> Any:
        known: Mapping[tuple[str, str], Any] = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _tensor,
            **{("torch", kind): dtype for kind, dtype in _TYPES.items()},
        }
        if (module, name) not in known:
            raise TorchFileError(f"the file names {module}.{name}, which is no part of a tensor")
        return known[module, name]

    def persistent_load(self, pid: Any) -> _Storage:
        _, dtype, key, _, count, _ = pid
        return _Storage(str(key), np.dtype(dtype), int(count))


def _tensor(
    storage: _Storage, offset: int, shape: Sequence[int], strides: Sequence[int], *_: Any
) -> _Tensor:
    packed = tuple(int(np.prod(shape[n + 1 :], dtype=np.int64)) for n in range(len(shape)))
    if tuple(strides) != packed:
        raise TorchFileError("a tensor does not lie in one piece")
    return _Tensor(storage, int(offset), tuple(shape))


def _load(file: IO[bytes]) -> Any:
    """The object of the pickle that lies next in the file.

    A number under which a pickle notes an object is also how long a table is made for it.
    """
    start = file.tell()
    for opcode, argument, _ in pickletools.genops(file):
        if opcode.name.endswith("PUT") and argument is not None and argument > _MOST_NOTED:
            raise TorchFileError(f"it notes an object under the number {argument}")
    file.seek(start)
    return _Reader(file).load()


def _header(file: IO[bytes]) -> tuple[Any, list[str]]:
    read: Callable[[], Any] = lambda: _load(file)  # noqa: E731 - five times the same
    if read() != _MAGIC or read() != _VERSION:
        raise TorchFileError("it is not of torch's format of before 1.6")
    if read().get("little_endian") is not True:
        raise TorchFileError("its numbers are big-endian")
    return read(), read()


def _storages(file: IO[bytes], saved: Any, keys: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Storages by name, in the order in which they lie."""
    known: dict[str, _Storage] = {}
    pending, seen = [saved], set[int]()
    while pending:
        value = pending.pop()
        if id(value) in seen:  # what holds itself, or one thing again and again, has no end
            continue
        seen.add(id(value))
        if isinstance(value, _Tensor):
            known[value.storage.key] = value.storage
        elif isinstance(value, dict):
            pending += value.values()
        elif isinstance(value, list | tuple):
            pending += value
    out: dict[str, NDArray[Any]] = {}
    for key in keys:
        count = int(np.frombuffer(file.read(_COUNT.itemsize), _COUNT)[0])
        storage = known[key]
        lies = file.read(storage.count * storage.dtype.itemsize)
        out[key] = np.frombuffer(lies, storage.dtype)
        if not count == storage.count == len(out[key]):
            raise TorchFileError(f"storage {key} has not the {storage.count} numbers announced")
    return out


def _laid_out(tensor: _Tensor, storages: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    size = int(np.prod(tensor.shape, dtype=np.int64))
    stored = storages[tensor.storage.key]
    if not 0 <= tensor.offset <= tensor.offset + size <= len(stored):
        raise TorchFileError("a tensor reaches beyond its storage")
    return stored[tensor.offset : tensor.offset + size].reshape(tensor.shape)
