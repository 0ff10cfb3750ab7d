"""TIFFs."""

import struct

from tests.hostile.writers import tiff

MORE = {"tile_width": 322, "tile_height": 323, "tiles": 324, "tile_bytes": 325, "planes": 284}


def tiff_picture(**lies: tuple[int, int, int]) -> bytes:
    """A grey TIFF of 64 x 64, some of its tags replaced."""
    tags = {
        "width": (3, 1, 64),
        "height": (3, 1, 64),
        "bits": (3, 1, 8),
        "packing": (3, 1, 1),
        "colours": (3, 1, 1),
        "strips": (4, 1, 8 + 2 + 12 * (9 + sum(name in MORE for name in lies)) + 4),
        "samples": (3, 1, 1),
        "rows": (4, 1, 64),
        "bytes": (4, 1, 64 * 64),
    }
    numbers = dict(zip(tags, (256, 257, 258, 259, 262, 273, 277, 278, 279), strict=True)) | MORE
    return tiff({numbers[name]: value for name, value in (tags | lies).items()}, bytes(64 * 64))


def tiffs_in_a_ring() -> bytes:
    first = tiff_picture()
    return first[: 8 + 2 + 12 * 9] + struct.pack("<I", 8) + first[8 + 2 + 12 * 9 + 4 :]


def giant_tile() -> bytes:
    side = (4, 1, 2**31 - 16)
    tile = {"tile_width": side, "tile_height": side, "tiles": (4, 1, 8), "tile_bytes": (4, 1, 64)}
    return tiff_picture(packing=(3, 1, 5), **tile)
