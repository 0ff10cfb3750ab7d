"""WebPs, and AVIFs whose boxes lie as well."""

import struct

from PIL import Image

from tests.hostile.writers import chunk
from tests.picture_files import saved, scene


def webp_canvas(width: int, height: int) -> bytes:
    """A small frame on a canvas of another size."""
    frame = saved(scene(), "WEBP")[12:]
    sizes = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBP" + chunk(b"VP8X", bytes(4) + sizes) + frame
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_film_on(width: int, height: int) -> bytes:
    """An animation that says its canvas is of another size."""
    frames = [Image.fromarray(255 - scene())]
    file = bytearray(saved(scene(), "WEBP", save_all=True, append_images=frames))
    at = file.index(b"VP8X") + 12
    file[at : at + 6] = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return bytes(file)


def riff_that_lies() -> bytes:
    file = saved(scene(), "WEBP")
    return file[:4] + b"\xff\xff\xff\xff" + file[8:]


def avif_of(width: int, height: int) -> bytes:
    """An AVIF whose box of sizes lies."""
    file = bytearray(saved(scene(), "AVIF"))
    at = file.index(b"ispe") + 8
    file[at : at + 8] = struct.pack(">II", width, height)
    return bytes(file)


def avif_box(kind: bytes, says: int) -> bytes:
    """An AVIF with a box that lies about its length."""
    file = bytearray(saved(scene(), "AVIF"))
    at = file.index(kind) - 4
    file[at : at + 4] = struct.pack(">I", says)
    return bytes(file)
