"""JPEGs, and what their segments hold."""

import struct

from PIL import Image

from tests.picture_files import saved, scene


def jpeg_of_size(width: int, height: int) -> bytes:
    file = bytearray(saved(scene(), "JPEG"))
    at = file.index(b"\xff\xc0")
    file[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(file)


def jpeg_with(kind: int, data: bytes, times: int = 1) -> bytes:
    """A JPEG with a segment, once or often."""
    file = saved(scene(), "JPEG")
    segment = struct.pack(">BBH", 0xFF, kind, 2 + len(data)) + data
    return file[:2] + segment * times + file[2:]


def jpeg_of_many_scans(side: int, scans: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again: little to send, much to do."""
    flat = Image.new("RGB", (side, side), (120, 90, 60))
    file = saved(flat, "JPEG", progressive=True)
    last = file.rindex(b"\xff\xda")
    return file[:last] + file[last:-2] * scans + file[-2:]


def exif(directory: bytes) -> bytes:
    return b"Exif\0\0II*\0\x08\0\0\0" + directory


RINGS = exif(struct.pack("<HHHIII", 1, 0x8769, 4, 1, 8, 8))
"""A directory that names itself as its own part and as what follows it."""

LAUGHS = b"http://ns.adobe.com/xap/1.0/\0<!DOCTYPE x [<!ENTITY a 'ha'>" + b"".join(
    b"<!ENTITY a%d '&a%d;&a%d;&a%d;'>" % (n + 1, n, n, n) for n in range(40)
)
