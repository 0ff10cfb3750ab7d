"""Decodes one hostile picture to sRGB bytes by Pillow. Runs in the limited process only."""

import codecs
import copy
import warnings
from io import BytesIO
from typing import IO, Any, Final

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageCms,
    ImageColor,
    ImageOps,
    ImagePalette,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from media.fault import DecodingError
from media.jpeg import ends_early

# Nothing can be imported once decoding has begun. Pillow imports a good deal only when it meets
# a format, a palette or text, so all of that is imported here.
LOADED: Final = (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    ImageColor,
    ImageOps,
    ImagePalette,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
    copy,
)
Image.preinit()
for codec in ("ascii", "latin-1", "utf-8"):
    codecs.lookup(codec)

MIN_SIDE: Final = 16
"""Pixels; below it nothing is a face."""

MAX_ASPECT: Final = 10
"""Longer strips are no portraits, and a side of a million pixels breaks what comes later."""

MAX_PROFILE_BYTES: Final = 4 * 1024 * 1024
"""Real colour profiles take a few KB, those of printing presses up to 2 MB."""

BACKDROP: Final = (224, 224, 224)
"""What lies behind transparent parts. A light neutral grey is how a studio lights a wall: hair of
any colour stands out from it, and the soft edge of a cut-out shows no dark or glaring rim.
"""

ORIENTATION_TAG: Final = 274

TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What sets a picture upright, by its EXIF orientation (Exif 2.3, 4.6.4)."""

COLOUR_SPACES: Final = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}
"""The colour space an ICC profile must name to fit a mode."""

ROWS: Final = 256
"""Rows written at a time."""


def decode(source: IO[bytes], output: IO[bytes], options: dict[str, Any]) -> dict[str, Any]:
    """Write the picture's rows as RGB bytes; the report holds width, height and format.

    `options`: max_pixels, and max_side or None.
    """
    warnings.simplefilter("ignore")  # printing one would open this source file
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    image = _open(source, format_of(source.read(32)), options["max_pixels"])
    max_side = options["max_side"]
    # JPEG: leave out fine detail while decoding, but keep half again what is needed.
    draft = _fit(image.size, 1.5 * max_side) if max_side is not None else None
    if draft is not None:
        image.draft(image.mode, draft)
    image.load()
    _check_size(image, options["max_pixels"])
    if ends_early(image, source, draft):
        raise DecodingError("undecodable")
    profile, orientation = image.info.get("icc_profile"), _orientation(image)
    rgb = _on_backdrop(_upright(_reduced(_plain(image), max_side), orientation), profile)
    _write(rgb, output)
    return {"width": rgb.width, "height": rgb.height, "format": image.format}


def format_of(head: bytes) -> str:
    """Pillow's name of the format that the first bytes announce; the file's name plays no part."""
    if not head:
        raise DecodingError("empty")
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "TIFF"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp" and (b"avif" in head[8:] or b"avis" in head[8:]):
        return "AVIF"
    if head.startswith(b"BM"):
        return "BMP"
    raise DecodingError("unknown_format")


def _open(source: IO[bytes], name: str, max_pixels: int) -> Image.Image:
    """Read the header only, and judge the picture by it."""
    source.seek(0)
    Image.MAX_IMAGE_PIXELS = max_pixels  # Pillow checks tiles and frames as well
    try:
        image = Image.open(source, formats=[name])
    except Image.DecompressionBombError:
        raise DecodingError("too_large") from None
    _check_size(image, max_pixels)
    return image


def _check_size(image: Image.Image, max_pixels: int) -> None:
    short, long = sorted(image.size)
    if short * long > max_pixels:
        raise DecodingError("too_large")
    if short < MIN_SIDE:
        raise DecodingError("too_small")
    if long > MAX_ASPECT * short:
        raise DecodingError("too_narrow")


def _plain(image: Image.Image) -> Image.Image:
    """The picture as L, LA, RGB, RGBA or CMYK with 8 bits: what can be resampled."""
    if image.mode.startswith("I;16"):
        # Pillow would clip 16 bits to 255 on its own; 257 maps 65535 to 255 exactly.
        return image.convert("I").point(lambda value: value * (1 / 257) + 0.5).convert("L")
    if image.mode in ("I", "F", "LAB", "HSV"):
        raise DecodingError(
            "unusual_depth"
        )  # of science and print: no one range of values is white
    if image.has_transparency_data:
        return image if image.mode in ("LA", "RGBA") else image.convert("RGBA")
    if image.mode in ("L", "RGB", "CMYK"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _fit(size: tuple[int, int], max_side: float) -> tuple[int, int]:
    scale = min(1.0, max_side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _reduced(image: Image.Image, max_side: int | None) -> Image.Image:
    """At most `max_side` pixels a side; Lanczos in which transparent colours do not bleed."""
    if max_side is None or max(image.size) <= max_side:
        return image
    return image.resize(_fit(image.size, max_side), Image.Resampling.LANCZOS, reducing_gap=3.0)


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    turn = TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def _orientation(image: Image.Image) -> int:
    """How the picture must be turned (EXIF tag 274, 1 to 8); 1 where nothing sane is said."""
    try:
        orientation = image.getexif().get(ORIENTATION_TAG, 1)
    except Exception:
        # A broken EXIF block is common in pictures that are otherwise fine, and raises anything.
        return 1
    return orientation if isinstance(orientation, int) else 1


def _srgb(image: Image.Image, profile: object) -> Image.Image:
    """The picture in sRGB: by its embedded ICC profile if that fits, else by plain arithmetic.

    Pillow has turned Adobe's inverted CMYK and YCCK round already.
    """
    if isinstance(profile, bytes) and 128 < len(profile) <= MAX_PROFILE_BYTES:
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            space = source.profile.xcolor_space.strip()
            if COLOUR_SPACES.get(image.mode) == space and not _is_srgb(source):
                target = ImageCms.createProfile("sRGB")
                converted = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
                if converted is not None:
                    return converted
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            # The colours may be a little off; the picture is still the user's.
            return image.convert("RGB")
    return image.convert("RGB")


def _is_srgb(profile: ImageCms.ImageCmsProfile) -> bool:
    return ImageCms.getProfileDescription(profile).strip().startswith("sRGB")


def _on_backdrop(image: Image.Image, profile: object) -> Image.Image:
    """Opaque sRGB; transparent parts show the backdrop."""
    if not image.mode.endswith("A"):
        return _srgb(image, profile)
    colour = _srgb(image.convert(image.mode[:-1]), profile)
    backdrop = Image.new("RGB", image.size, BACKDROP)
    backdrop.paste(colour, mask=image.getchannel("A"))
    return backdrop


def _write(image: Image.Image, output: IO[bytes]) -> None:
    """Rows in stripes, so that no second copy of the whole picture is made."""
    for top in range(0, image.height, ROWS):
        box = (0, top, image.width, min(top + ROWS, image.height))
        output.write(image.crop(box).tobytes())
