"""Files of torch that are not what they seem; good ones are read in with_torch."""

import pickle
import struct
from pathlib import Path

import pytest

from deployments.cloning.torch_file import TorchFileError, read_tensors
from tests.fuzz.targets.torch_files import seeds


def read(folder: Path, data: bytes) -> object:
    (folder / "weights.pt").write_bytes(data)
    return read_tensors(folder / "weights.pt", "model")


def holding(packed: bytes) -> bytes:
    """A file whose object is this pickle."""
    head = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}]
    return b"".join(pickle.dumps(part, 2) for part in head) + packed + pickle.dumps([], 2)


def test_a_tensor_is_read(tmp_path: Path) -> None:
    (file,) = seeds()
    tensors = read(tmp_path, file)
    assert isinstance(tensors, dict)
    assert tensors["weight"].tolist() == [1, 2, 3, 4]


def test_what_names_anything_but_tensors_is_refused(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    with pytest.raises(TorchFileError, match=r"names (os|posix)\.system"):
        read(tmp_path, holding(b"cposix\nsystem\n(Vtouch %s\ntR." % str(mark).encode()))
    assert not mark.exists()


def test_a_small_file_takes_no_memory_for_what_it_only_numbers(tmp_path: Path) -> None:
    with pytest.raises(TorchFileError, match="under the number 4294967295"):
        read(tmp_path, holding(b"}r" + struct.pack("<I", 2**32 - 1) + b"."))


@pytest.mark.parametrize("times", [1, 2])
def test_what_holds_itself_is_read_to_its_end(tmp_path: Path, times: int) -> None:
    endless: list[object] = []
    for _ in range(times):
        endless.append(endless)
    assert read(tmp_path, holding(pickle.dumps({"model": {"a": endless}}, 2))) == {}
    doubled: list[object] = []
    for _ in range(64):
        doubled = [doubled, doubled]
    assert read(tmp_path, holding(pickle.dumps({"model": {"a": doubled}}, 2))) == {}
