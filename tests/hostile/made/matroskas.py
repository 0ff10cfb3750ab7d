"""Matroska."""

import zlib

from tests.hostile.made.spoiling import SECOND
from tests.hostile.writers import element, matroska


def packed_blocks() -> bytes:
    """Matroska's blocks packed by zlib: 16 KB that unfold to 16 MB."""
    packing = element("ContentCompression", element("ContentCompAlgo", b"\0"))
    encoding = element("ContentEncodings", element("ContentEncoding", packing))
    bomb = zlib.compress(bytes(2**24), 9)
    return matroska(bomb, encoding=encoding, block=len(bomb))


def deep_tags(depth: int) -> bytes:
    inside = element("TagName", b"x")
    for _ in range(depth):
        inside = element("SimpleTag", inside)
    return matroska(SECOND, head=element("Tags", element("Tag", inside)))


def attached(data: bytes) -> bytes:
    """Sound with an attached picture, the way covers come."""
    file = element(
        "AttachedFile",
        element("FileName", b"../../etc/cron.d/cover.png"),
        element("FileMimeType", b"image/png"),
        element("FileUID", b"\1"),
        element("FileData", data),
    )
    return matroska(SECOND, head=element("Attachments", file))
