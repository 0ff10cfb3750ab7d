"""Fragmented MP4 as boxes (ISO/IEC 14496-12): one init, then fragments that follow each other."""

import struct
from collections.abc import Iterator


def boxes(data: bytes) -> Iterator[tuple[str, int, int]]:
    """Type, start and end of each top-level box. Raises ValueError where the data is cut."""
    at = 0
    while at < len(data):
        if at + 8 > len(data):
            raise ValueError("a box is cut")
        size, name = struct.unpack_from(">I4s", data, at)
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, at + 8)
        if size < 8 or at + size > len(data):
            raise ValueError("a box is cut")
        yield name.decode("latin-1"), at, at + size
        at += size


def split_init(data: bytes) -> tuple[bytes, bytes]:
    """Init (ftyp, moov) and media (moof, mdat, …) of a fragmented MP4; any index is left out."""
    init, media = bytearray(), bytearray()
    for name, start, stop in boxes(data):
        if name in ("ftyp", "moov"):
            init += data[start:stop]
        elif name in ("styp", "moof", "mdat"):
            media += data[start:stop]
    return bytes(init), bytes(media)
