"""Files of torch, read without it."""

import os
import pickle
import struct
from pathlib import Path
from typing import Any

from deployments.cloning.torch_file import TorchFileError, read_tensors
from tests.fuzz.target import Target


def one_input(data: bytes) -> bool:
    """Read the tensors; nothing in the file is executed, so nothing but the file is opened."""
    file = os.memfd_create("torch")
    try:
        os.write(file, data)
        tensors = read_tensors(Path(f"/proc/self/fd/{file}"), "model")
    except TorchFileError:
        return False
    finally:
        os.close(file)
    return bool(tensors)


def seeds() -> list[bytes]:
    """A file of one tensor of four numbers, spelt in pickle's first opcodes."""
    tensor = (
        b"ctorch._utils\n_rebuild_tensor_v2\n((Vstorage\nctorch\nFloatStorage\nV0\nVcpu\nI4\nNtQ"
        b"I0\n(I4\nt(I1\nt\x89ccollections\nOrderedDict\n)RtR."
    )
    saved = b"(Vmodel\n(Vweight\n" + tensor[:-1] + b"dd."
    head: list[Any] = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}]
    packed = b"".join(pickle.dumps(part, protocol=2) for part in head)
    storages = pickle.dumps(["0"], protocol=2) + struct.pack("<q4f", 4, 1, 2, 3, 4)
    return [packed + saved + storages]


TOKENS = (
    *(b"ctorch\nFloatStorage\n", b"ctorch\nLongStorage\n", b"ctorch._utils\n_rebuild_tensor_v2\n"),
    *(b"ccollections\nOrderedDict\n", b"cos\nsystem\n", b"cbuiltins\neval\n", b"(tR", b"Q", b"b"),
    *(b"\x8c", b"\x93", b"\x81", b"\x8e", b"\x96", b"I-1\n", b"d", b"}", b"u", b"N"),
)

TARGET = Target(one_input, seeds, limit=2.0, tokens=TOKENS)
