"""The decoder of pictures, as it runs in its limited process."""

import zlib
from collections.abc import Iterator
from io import BytesIO

import numpy as np
from PIL import Image

from media import picture_decoding
from media.decoder_child import answer_of
from media.picture import SENTENCES, decode_picture
from tests.fuzz.doors import refusal, shut, was_taken
from tests.fuzz.target import Target
from tests.picture_files import cmyk_profile, rgb_profile, saved, scene

MAX_PIXELS = 250_000
SIDES = (None, 20)
FAULTS = {*SENTENCES, "too_large", "undecodable"}


def one_input(data: bytes) -> bool:
    """Decode; what comes out must be what the report says."""
    output = BytesIO()
    options = {"max_pixels": MAX_PIXELS, "max_side": SIDES[len(data) % len(SIDES)]}
    with shut():
        answer = answer_of(picture_decoding, BytesIO(with_right_sums(data)), output, options)
    if not was_taken(answer, FAULTS):
        return False
    width, height = answer["report"]["width"], answer["report"]["height"]
    assert 0 < len(output.getbuffer()) == 3 * width * height <= 3 * MAX_PIXELS
    return True


def with_right_sums(data: bytes) -> bytes:
    """A PNG whose chunks have the sums that belong to them: others are refused at the first one."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    out, at = bytearray(data), 8
    while at + 12 <= len(out):
        end = at + 8 + int.from_bytes(out[at : at + 4])
        if end + 4 > len(out):
            break
        out[end : end + 4] = zlib.crc32(out[at + 4 : end]).to_bytes(4)
        at = end + 4
    return bytes(out)


def seeds() -> Iterator[bytes]:
    """Every format, and variants of it."""
    small = scene(24, 20)
    image = Image.fromarray(small)
    exif = Image.Exif()
    exif[274] = 6
    rgba = np.dstack([small, np.full(small.shape[:2], 90, np.uint8)])
    yield saved(small, "PNG", exif=exif, icc_profile=rgb_profile("green", "red", "blue"))
    yield saved(image.convert("P"), "PNG", transparency=3)
    yield saved(Image.fromarray(small[..., 0].astype(np.uint16) * 257), "PNG")
    yield saved(Image.fromarray(rgba), "PNG", save_all=True, append_images=[image.convert("RGBA")])
    yield saved(small, "JPEG", exif=exif, comment=b"x")
    yield saved(small, "JPEG", progressive=True)
    yield saved(image.convert("CMYK"), "JPEG", icc_profile=cmyk_profile())
    yield saved(small, "MPO", save_all=True, append_images=[image])
    yield saved(image.convert("P"), "GIF", comment=b"x")
    yield saved(image, "GIF", save_all=True, append_images=[image.rotate(90)])
    for mode in ("RGB", "L", "1", "P"):
        yield saved(image.convert(mode), "BMP")
    for packing in ("raw", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits"):
        yield saved(small, "TIFF", compression=packing)
    yield saved(small, "TIFF", big_tiff=True, exif=exif)
    yield saved(small, "WEBP", exif=exif)
    yield saved(Image.fromarray(rgba), "WEBP", lossless=True)
    yield saved(image, "WEBP", save_all=True, append_images=[image.rotate(90)])
    yield saved(small, "AVIF", exif=exif)
    yield saved(Image.fromarray(rgba), "AVIF")


def in_production(data: bytes) -> str:
    """The code by which the service refuses it, or ""."""
    return refusal(lambda: decode_picture(with_right_sums(data), max_pixels=MAX_PIXELS))


TOKENS = (
    *(b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"iCCP", b"eXIf", b"zTXt", b"iTXt", b"acTL"),
    *(b"fcTL", b"fdAT", b"\xff\xd8\xff", b"\xff\xc0", b"\xff\xc2", b"\xff\xc4", b"\xff\xda"),
    *(b"\xff\xdb", b"\xff\xe1", b"\xff\xe2ICC_PROFILE\0", b"Exif\0\0", b"GIF89a", b"!\xf9\x04"),
    *(b"II*\0", b"MM\0*", b"II+\0", b"RIFF", b"WEBP", b"VP8 ", b"VP8L", b"VP8X", b"ANIM", b"ANMF"),
    *(b"ftypavif", b"ispe", b"iloc", b"iprp", b"pitm", b"av01", b"BM", b"acsp", b"mntr", b"A2B0"),
)

TARGET = Target(one_input, seeds, limit=20.0, tokens=TOKENS, in_production=in_production)
