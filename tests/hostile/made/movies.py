"""MP4 and QuickTime."""

import struct
import zlib

from tests.hostile.made.spoiling import SECOND, of, patched
from tests.hostile.writers import box, full_box, mp4


def m4a(kind: bytes, at: int, *numbers: int) -> bytes:
    """An M4A with other numbers of 32 bits in a box, `at` behind its name."""
    return patched(of("m4a"), kind, at, struct.pack(f">{len(numbers)}I", *numbers))


def nested(depth: int) -> bytes:
    inside = b""
    for _ in range(depth):
        inside = box(b"moov", inside)
    return box(b"ftyp", b"qt  ", bytes(4)) + inside


def endless_box(kind: bytes) -> bytes:
    """A box of 2^63 bytes before the sound."""
    return box(b"ftyp", b"qt  ", bytes(4)) + struct.pack(">I4sQ", 1, kind, 2**63 - 1) + mp4(SECOND)


def squeezed_movie(says: int) -> bytes:
    """A movie header packed by zlib that claims to unfold to `says` bytes."""
    packed = struct.pack(">I", says) + zlib.compress(bytes(2**24), 9)
    head = box(b"dcom", b"zlib")
    movie = box(b"moov", box(b"cmov", head, box(b"cmvd", packed)))
    return box(b"ftyp", b"qt  ", bytes(4)) + movie


def many_tracks(count: int) -> bytes:
    empty = box(b"trak", box(b"mdia", full_box(b"hdlr", bytes(4), b"soun", bytes(13))))
    return mp4(SECOND, more=empty * count)


def fragment(**lies: int) -> bytes:
    """A movie fragment that says that so many samples of such a size follow."""
    many, size = lies.get("samples", 1), lies.get("size", 1)
    run = full_box(b"trun", struct.pack(">Ii", many, lies.get("offset", 0)), flags=1)
    head = full_box(b"tfhd", struct.pack(">III", 0, 2**32 - 1, size), flags=0x18)
    defaults = full_box(b"trex", struct.pack(">IIIII", 0, 1, 1, 1, 0))
    film = mp4(b"", more=box(b"mvex", defaults))
    return film + box(b"moof", box(b"traf", head, run)) + box(b"mdat", SECOND)
