"""GIFs."""

import struct

from PIL import Image

from tests.picture_files import saved, scene


def gif(*blocks: bytes, screen: tuple[int, int] = (64, 64)) -> bytes:
    """A GIF of these blocks and two colours."""
    return b"GIF89a" + struct.pack("<HHBBB", *screen, 0x80, 0, 0) + bytes(6) + b"".join(blocks)


def gif_frame(box: tuple[int, int, int, int], code_size: int = 2) -> bytes:
    """A frame that has no pixels: only the code that clears and the one that ends."""
    return b"," + struct.pack("<HHHHB", *box, 0) + bytes([code_size, 2, 0x2C, 0, 0])


def gif_of_many_frames() -> bytes:
    whole = saved(Image.fromarray(scene()).convert("P"), "GIF")
    return whole[:-1] + gif_frame((0, 0, 8, 8)) * 20_000 + b";"


def gif_that_talks() -> bytes:
    whole = saved(Image.fromarray(scene()).convert("P"), "GIF")
    at = whole.index(b",")
    return whole[:at] + b"!\xfe" + (b"\xff" + b"x" * 255) * 8_000 + b"\0" + whole[at:]
