"""Uploaded pictures to plain pixels, and pixels to files."""

from io import BytesIO
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from media.errors import AvatarError
from media.face import Picture
from media.fault import DecodingError
from media.limited import Decoded, Limits, run_decoder
from media.marks import SourceType, xmp

_PNG_XMP: Final = "XML:com.adobe.xmp"
"""Keyword of the text chunk that holds XMP."""

FORMATS: Final = ("PNG", "JPEG", "WebP", "GIF", "BMP", "TIFF", "AVIF")
"""Formats that are read, told apart by their content. Of animations and pages the first counts."""

SENTENCES: Final = {
    "empty": "The picture is empty: choose a file and upload it again.",
    "unknown_format": "The file is not a picture that can be read: use PNG, JPEG, WebP, GIF, BMP, "
    "TIFF or AVIF.",
    "too_small": "The picture is smaller than 16 pixels: use one of at least 256 by 256.",
    "too_narrow": "The picture is more than 10 times as long as it is wide: crop it to the face.",
    "unusual_depth": "The picture's colours have an unusual depth: save it as an 8 or 16 bit PNG.",
    "timeout": "The picture takes too long to decode: save it again as JPEG or PNG.",
    "memory": "The picture takes too much memory to decode: save it again as JPEG or PNG.",
}

DAMAGED: Final = "The picture is damaged or cut off: save it again as JPEG or PNG and upload that."


def decode_picture(
    data: bytes | Path | IO[bytes],
    *,
    max_pixels: int,
    max_side: int | None = None,
    param: str = "avatar_image",
) -> Picture:
    """Decode an uploaded picture in a limited process.

    Upright (EXIF orientation), in sRGB (embedded profiles, CMYK and 16 bits converted), opaque
    (transparent parts on light grey), without metadata.

    Args:
        data: The file's bytes, where it lies, or the open file itself.
        max_pixels: Larger pictures are refused by their header, before anything is decoded.
        max_side: Larger pictures are reduced to this longest side.
        param: The input that errors name.

    Returns:
        uint8 sRGB of shape (height, width, 3).

    Raises:
        AvatarError: `unreadable_image`, or `too_large` for more than `max_pixels`.
    """
    limits = Limits(
        # Decoders keep up to six copies of four bytes a pixel at a time.
        memory_bytes=300 * 2**20 + 32 * max_pixels,
        cpu_seconds=20,
        wall_seconds=60.0,
        output_bytes=3 * max_pixels + 4096,
    )
    options = {"max_pixels": max_pixels, "max_side": max_side}
    try:
        decoded = run_decoder("media.picture_decoding", data, options, limits)
        return _pixels(decoded, max_pixels)
    except DecodingError as error:
        raise _refusal(error.fault, max_pixels, param) from None


def _pixels(decoded: Decoded, max_pixels: int) -> Picture:
    """The output as an array, if it is what the report says."""
    with decoded.output as output:
        width, height = decoded.report.get("width"), decoded.report.get("height")
        size = output.seek(0, 2)
        if not (isinstance(width, int) and isinstance(height, int)):
            raise DecodingError("undecodable")
        if not (0 < width * height <= max_pixels and width > 0 and size == width * height * 3):
            raise DecodingError("undecodable")
        output.seek(0)
        pixels: Picture = np.fromfile(output, np.uint8)
        return pixels.reshape(height, width, 3)


def _refusal(fault: str, max_pixels: int, param: str) -> AvatarError:
    if fault == "too_large":
        sentence = f"The picture has more than {max_pixels / 1e6:.3g} megapixels: make it smaller."
        return AvatarError("too_large", sentence, param=param)
    return AvatarError("unreadable_image", SENTENCES.get(fault, DAMAGED), param=param)


def encode_webp(rgb: Picture, *, quality: int = 90, source: SourceType | None = None) -> bytes:
    """A WebP file of uint8 sRGB pixels (height, width, 3), without metadata but the plain mark."""
    return _encode(rgb, "WEBP", quality=quality, method=4, **_mark(source))


def encode_jpeg(rgb: Picture, *, quality: int = 90, source: SourceType | None = None) -> bytes:
    """A JPEG file of uint8 sRGB pixels (height, width, 3), without metadata but the plain mark."""
    return _encode(rgb, "JPEG", quality=quality, optimize=True, **_mark(source))


def encode_png(rgb: Picture, *, source: SourceType | None = None) -> bytes:
    """A PNG file of uint8 sRGB pixels (height, width, 3), without loss; metadata as above."""
    told = PngInfo()
    if source is not None:
        told.add_itxt(_PNG_XMP, xmp(source).decode())
    return _encode(rgb, "PNG", pnginfo=told)


def _mark(source: SourceType | None) -> dict[str, bytes]:
    return {} if source is None else {"xmp": xmp(source)}


def _encode(rgb: Picture, name: str, **options: Any) -> bytes:
    file = BytesIO()
    Image.fromarray(rgb, "RGB").save(file, name, **options)
    return file.getvalue()
