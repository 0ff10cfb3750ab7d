"""PNGs."""

import struct
import zlib

from tests.picture_files import png, png_chunks, png_header, saved, scene


def with_chunk(kind: bytes, data: bytes, at: int = 1) -> bytes:
    """A PNG with one chunk more, at a place among the others."""
    chunks = png_chunks(saved(scene(), "PNG"))
    return png(*chunks[:at], (kind, data), *chunks[at:])


def unfolding(size: int) -> bytes:
    return zlib.compress(bytes(size), 9)


def png_whose_rows_never_end() -> bytes:
    return png(png_header(64, 64), (b"IDAT", unfolding(16 * 2**20)), (b"IEND", b""))


def png_of_many_chunks() -> bytes:
    first, *others = png_chunks(saved(scene(), "PNG"))
    return png(first, *[(b"prVt", b"")] * 20_000, *others)


def animated(frame: tuple[int, int]) -> bytes:
    """A PNG that says that it is animated, with a first frame of another size."""
    head, *others = png_chunks(saved(scene(), "PNG"))
    control = struct.pack(">IIIIIHHBB", 0, *frame, 0, 0, 1, 1, 0, 0)
    return png(head, (b"acTL", struct.pack(">II", 2**32 - 1, 0)), (b"fcTL", control), *others)


def png_of_no_length() -> bytes:
    file = saved(scene(), "PNG")
    return file[:33] + b"\xff\xff\xff\xff" + file[37:]
