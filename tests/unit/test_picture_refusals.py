"""Hostile and hopeless pictures: each gets its one clear error, at once, and costs nothing."""

import contextlib
import random
import struct
import time
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from peak_memory import growth
from PIL import Image

from media.errors import AvatarError
from media.picture import decode_picture
from tests.picture_files import blank_png, png, png_chunks, png_header, saved, scene

MAX_PIXELS = 50_000_000

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n(/etc/passwd) (r) file\n"


def noise() -> Image.Image:
    rng = np.random.default_rng(1)
    return Image.fromarray(rng.integers(0, 255, (256, 256, 3), np.uint8))


def png_of_two_to_the_31() -> bytes:
    return png(png_header(2**31 - 1, 2**31 - 1), (b"IDAT", b"x"), (b"IEND", b""))


def jpeg_cut_but_closed() -> bytes:
    file = saved(noise(), "JPEG")
    return file[: len(file) // 2] + b"\xff\xd9"


def jpeg_of_claimed_size(width: int, height: int) -> bytes:
    file = bytearray(saved(scene(), "JPEG"))
    at = file.index(b"\xff\xc0")
    file[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(file)


def gif_whose_frame_passes_its_screen() -> bytes:
    file = bytearray(saved(scene(), "GIF"))
    at = file.index(b"\x2c")
    file[at + 5 : at + 9] = struct.pack("<HH", 60000, 60000)
    return bytes(file)


def png_with_text_that_unfolds() -> bytes:
    text = b"Comment\0\0" + zlib.compress(bytes(80 * 2**20), 9)
    return png(png_header(64, 64), (b"zTXt", text), (b"IDAT", b""), (b"IEND", b""))


def png_cut_but_closed() -> bytes:
    chunks = [
        (kind, data[: len(data) // 2] if kind == b"IDAT" else data)
        for kind, data in png_chunks(saved(noise(), "PNG"))
    ]
    return png(*chunks)


def png_with_wrong_sum() -> bytes:
    file = bytearray(saved(noise(), "PNG"))
    file[len(file) // 2] ^= 0xFF
    return bytes(file)


def tiff_in_a_ring() -> bytes:
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 0) + struct.pack("<I", 8)


REFUSED: list[tuple[str, Callable[[], bytes], str, str]] = [
    ("empty", lambda: b"", "unreadable_image", "empty"),
    ("one byte", lambda: b"\x89", "unreadable_image", "not a picture"),
    ("text named .png", lambda: b"Dear all,\nplease find", "unreadable_image", "not a picture"),
    ("html", lambda: b"<html><body>404", "unreadable_image", "not a picture"),
    ("svg", lambda: SVG, "unreadable_image", "not a picture"),
    ("eps", lambda: EPS, "unreadable_image", "not a picture"),
    ("pdf", lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "unreadable_image", "not a picture"),
    ("zip", lambda: b"PK\x03\x04" + bytes(100), "unreadable_image", "not a picture"),
    ("icon", lambda: saved(scene(64, 64), "ICO"), "unreadable_image", "not a picture"),
    ("jpeg 2000", lambda: saved(scene(), "JPEG2000"), "unreadable_image", "not a picture"),
    ("ppm", lambda: saved(scene(), "PPM"), "unreadable_image", "not a picture"),
    ("png magic only", lambda: b"\x89PNG\r\n\x1a\n", "unreadable_image", "damaged"),
    ("jpeg magic only", lambda: b"\xff\xd8\xff\xe0", "unreadable_image", "damaged"),
    ("webp magic only", lambda: b"RIFF\0\0\0\0WEBP", "unreadable_image", "damaged"),
    ("avif magic only", lambda: b"\0\0\0\x18ftypavif", "unreadable_image", "damaged"),
    ("tiff in a ring", tiff_in_a_ring, "unreadable_image", "damaged"),
    ("png without pixels", lambda: png(png_header(64, 64)), "unreadable_image", "damaged"),
    ("png cut but closed", png_cut_but_closed, "unreadable_image", "damaged"),
    ("png with a wrong sum", png_with_wrong_sum, "unreadable_image", "damaged"),
    ("png text bomb", png_with_text_that_unfolds, "unreadable_image", "damaged"),
    ("15 pixels", lambda: saved(scene(15, 15), "PNG"), "unreadable_image", "16 pixels"),
    ("one pixel", lambda: saved(scene(1, 1), "PNG"), "unreadable_image", "16 pixels"),
    ("a strip", lambda: blank_png(1_000_000, 16), "unreadable_image", "10 times"),
    ("a column", lambda: blank_png(20, 220), "unreadable_image", "10 times"),
    ("bomb", lambda: blank_png(20_000, 20_000), "too_large", "50 megapixels"),
    ("just too large", lambda: blank_png(8_000, 6_251), "too_large", "50 megapixels"),
    ("png of 2^31", png_of_two_to_the_31, "too_large", "megapixels"),
    ("jpeg of 65,500", lambda: jpeg_of_claimed_size(65_500, 65_500), "too_large", "megapixels"),
    ("jpeg claiming more", lambda: jpeg_of_claimed_size(960, 640), "unreadable_image", "damaged"),
    ("jpeg cut but closed", jpeg_cut_but_closed, "unreadable_image", "damaged"),
    ("gif frame bomb", gif_whose_frame_passes_its_screen, "too_large", "megapixels"),
    ("float tiff", lambda: saved(Image.new("F", (32, 32)), "TIFF"), "unreadable_image", "depth"),
]


@pytest.mark.parametrize(
    ("make", "code", "words"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_a_bad_picture_gets_its_error(make: Callable[[], bytes], code: str, words: str) -> None:
    data = make()
    began = time.monotonic()
    with pytest.raises(AvatarError) as refusal:
        decode_picture(data, max_pixels=MAX_PIXELS, param="image")
    assert refusal.value.code == code
    assert words in refusal.value.message
    assert refusal.value.message.endswith(".")
    assert refusal.value.param == "image"
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("PNG", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("GIF", {}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("AVIF", {}),
    ],
)
@pytest.mark.parametrize("share", [0.3, 0.95])
def test_a_truncated_picture_is_refused_and_not_shown_half_grey(
    name: str, options: dict[str, object], share: float
) -> None:
    file = saved(noise(), name, **options)
    with pytest.raises(AvatarError) as refusal:
        decode_picture(file[: int(len(file) * share)], max_pixels=MAX_PIXELS)
    assert refusal.value.code == "unreadable_image"


@pytest.mark.parametrize("max_side", [None, 100])
def test_a_jpeg_that_ends_in_mid_grey_of_its_own_is_no_truncated_one(max_side: int | None) -> None:
    picture = scene(640, 640)
    picture[320:] = 128
    for options in ({}, {"progressive": True}, {"restart_marker_rows": 1}):
        file = saved(picture, "JPEG", **options)
        pixels = decode_picture(file, max_pixels=MAX_PIXELS, max_side=max_side)
        assert np.all(pixels[-1] == 128)
        cut = file[: len(file) // 3] + b"\xff\xd9"
        with pytest.raises(AvatarError, match="cut off"):
            decode_picture(cut, max_pixels=MAX_PIXELS, max_side=max_side)


def test_a_picture_at_the_limit_is_still_read() -> None:
    assert decode_picture(blank_png(1000, 700), max_pixels=700_000).shape == (700, 1000, 3)
    with pytest.raises(AvatarError, match="megapixels"):
        decode_picture(blank_png(1000, 701), max_pixels=700_000)


def test_flipped_bytes_give_a_picture_or_a_refusal_and_nothing_else() -> None:
    dice = random.Random(7)
    for name in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"):
        for _ in range(3):
            file = bytearray(saved(scene(), name))
            for _ in range(12):
                file[dice.randrange(12, len(file))] = dice.randrange(256)
            with contextlib.suppress(AvatarError):  # any other error fails the test
                pixels = decode_picture(bytes(file), max_pixels=1_000_000)
                assert pixels.ndim == 3


def test_a_bomb_leaves_the_server_s_memory_flat() -> None:
    def refused(bomb: bytes) -> None:
        with pytest.raises(AvatarError):
            decode_picture(bomb, max_pixels=MAX_PIXELS)

    for bomb in (blank_png(20_000, 20_000), gif_whose_frame_passes_its_screen()):
        assert growth(lambda bomb=bomb: refused(bomb)) < 8 * 2**20
