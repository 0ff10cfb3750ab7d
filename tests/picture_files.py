"""Real picture files for the tests of decoding, ordinary and hostile."""

import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


def scene(width: int = 96, height: int = 64) -> Pixels:
    """A smooth picture whose four corners differ: red, green, blue and yellow."""
    x = np.linspace(0, 1, width)[None, :, None]
    y = np.linspace(0, 1, height)[:, None, None]
    corners = np.array([[[220, 40, 40], [40, 200, 60]], [[40, 60, 220], [230, 220, 50]]])
    top = corners[0, 0] * (1 - x) + corners[0, 1] * x
    bottom = corners[1, 0] * (1 - x) + corners[1, 1] * x
    return np.asarray(np.round(top * (1 - y) + bottom * y), np.uint8)


def saved(picture: Image.Image | Pixels, name: str, **options: Any) -> bytes:
    """A file of the picture in one of Pillow's formats."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    file = BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of the given chunks, with right checksums."""
    file = b"\x89PNG\r\n\x1a\n"
    for kind, data in chunks:
        file += struct.pack(">I", len(data)) + kind + data
        file += struct.pack(">I", zlib.crc32(kind + data))
    return file


def png_chunks(file: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks of a PNG."""
    chunks, at = [], 8
    while at < len(file):
        (length,) = struct.unpack(">I", file[at : at + 4])
        chunks.append((file[at + 4 : at + 8], file[at + 8 : at + 8 + length]))
        at += 12 + length
    return chunks


def png_header(width: int, height: int, depth: int = 8, kind: int = 2) -> tuple[bytes, bytes]:
    """An IHDR chunk; kind 2 is RGB, 0 grey."""
    return b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)


def blank_png(width: int, height: int) -> bytes:
    """A valid white 1-bit PNG, tiny as a file however large as a picture."""
    packer = zlib.compressobj(9)
    row = b"\0" + b"\xff" * ((width + 7) // 8)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return png(png_header(width, height, 1, 0), (b"IDAT", data), (b"IEND", b""))


def rgb_profile(red: str, green: str, blue: str) -> bytes:
    """A matrix ICC profile (v2.1, gamma 2.2) whose channels stand for the named primaries."""
    primaries = {  # of sRGB, adapted to D50
        "red": (0.43607, 0.22249, 0.01392),
        "green": (0.38515, 0.71687, 0.09708),
        "blue": (0.14307, 0.06061, 0.71410),
    }
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(2.2 * 256)) + bytes(2)
    tags = {
        b"desc": _description(b"swapped"),
        b"cprt": b"text" + bytes(4) + b"none\0",
        b"wtpt": _xyz((0.9642, 1.0, 0.8249)),
        b"rXYZ": _xyz(primaries[red]),
        b"gXYZ": _xyz(primaries[green]),
        b"bXYZ": _xyz(primaries[blue]),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    return _profile(b"mntr", b"RGB ", b"XYZ ", tags)


def cmyk_profile() -> bytes:
    """A table ICC profile in which black ink darkens and all other inks do nothing at all."""
    identity = b"".join(struct.pack(">i", 65536 if n % 4 == 0 else 0) for n in range(9))
    ramp = bytes(range(256))
    corners = b"".join(
        bytes([0 if corner & 1 else 255, 128, 128])  # Lab: L of 0 or 100, no colour
        for corner in range(16)
    )
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + identity + ramp * 4 + corners + ramp * 3
    tags = {
        b"desc": _description(b"ink"),
        b"cprt": b"text" + bytes(4) + b"none\0",
        b"wtpt": _xyz((0.9642, 1.0, 0.8249)),
        b"A2B0": table,
    }
    return _profile(b"prtr", b"CMYK", b"Lab ", tags)


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(v * 65536) for v in values))


def _description(text: bytes) -> bytes:
    return b"desc" + bytes(4) + struct.pack(">I", len(text) + 1) + text + bytes(1 + 8 + 3 + 67)


def _profile(device: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    table, data = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        offset = 128 + 4 + 12 * len(tags) + len(data)
        table += name + struct.pack(">II", offset, len(content))
        data += content + bytes(-len(content) % 4)
    size = 128 + len(table) + len(data)
    head = struct.pack(">I4sI", size, b"lcms", 0x02100000) + device + space + connection
    head += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp"
    head = head.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + table + data
