"""Ordinary pictures of every format become upright, opaque sRGB pixels."""

import logging
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from media.picture import decode_picture, encode_jpeg, encode_png, encode_webp
from tests.picture_files import Pixels, saved, scene

MAX_PIXELS = 50_000_000


@pytest.fixture(autouse=True)
def _decoders_open_nothing(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A decoder that lacks an import says so to the operator: none here may."""
    yield
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def decoded(file: bytes, max_side: int | None = None) -> Pixels:
    return decode_picture(file, max_pixels=MAX_PIXELS, max_side=max_side)


def difference(a: Pixels, b: Pixels) -> float:
    return float(np.abs(a.astype(int) - b).mean())


@pytest.mark.parametrize("name", ["PNG", "BMP", "TIFF"])
def test_a_lossless_picture_keeps_every_pixel(name: str) -> None:
    pixels = decoded(saved(scene(), name))
    assert pixels.dtype == np.uint8
    assert np.array_equal(pixels, scene())


@pytest.mark.parametrize("name", ["JPEG", "WEBP", "GIF", "AVIF"])
def test_a_lossy_picture_looks_the_same(name: str) -> None:
    assert difference(decoded(saved(scene(), name)), scene()) < 6


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("JPEG", {"progressive": True}),
        ("JPEG", {"subsampling": 0, "comment": b"a comment"}),
        ("JPEG", {"dpi": (72, 72), "restart_marker_rows": 1}),
        ("PNG", {"bits": 8, "compress_level": 1}),
        ("WEBP", {"lossless": True, "exact": True}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "tiff_adobe_deflate"}),
        ("TIFF", {"compression": "jpeg"}),
        ("TIFF", {"compression": "packbits", "big_tiff": True}),
    ],
)
def test_variants_of_formats_are_read(name: str, options: dict[str, object]) -> None:
    assert difference(decoded(saved(scene(), name, **options)), scene()) < 6


def test_a_file_is_read_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "upload").write_bytes(saved(scene(), "PNG"))
    pixels = decode_picture(tmp_path / "upload", max_pixels=MAX_PIXELS)
    assert np.array_equal(pixels, scene())


@pytest.mark.parametrize(
    ("name", "orientation"),
    [*(("JPEG", n) for n in range(1, 9)), ("PNG", 6), ("WEBP", 8), ("TIFF", 5), ("AVIF", 6)],
)
def test_a_picture_is_turned_upright_by_its_exif(name: str, orientation: int) -> None:
    stored = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }[orientation](scene())
    exif = Image.Exif()
    exif[274] = orientation
    file = saved(np.ascontiguousarray(stored), name, exif=exif.tobytes())
    pixels = decoded(file)
    assert pixels.shape == scene().shape
    assert difference(pixels, scene()) < 6


def test_a_broken_exif_block_does_not_spoil_the_picture() -> None:
    file = saved(scene(), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\x01\x12" * 20)
    assert difference(decoded(file), scene()) < 6


@pytest.mark.parametrize("name", ["GIF", "WEBP", "PNG", "AVIF", "TIFF"])
def test_of_an_animation_or_of_pages_the_first_is_taken(name: str) -> None:
    others = [Image.fromarray(255 - scene()), Image.fromarray(scene()[::-1].copy())]
    file = saved(scene(), name, save_all=True, append_images=others)
    with Image.open(BytesIO(file)) as image:
        assert getattr(image, "n_frames", 1) == 3
    assert difference(decoded(file), scene()) < 6


def test_a_phone_s_jpeg_of_several_pictures_gives_the_first() -> None:
    file = saved(scene(), "MPO", save_all=True, append_images=[Image.fromarray(255 - scene())])
    assert difference(decoded(file), scene()) < 6


@pytest.mark.parametrize("name", ["PNG", "WEBP", "GIF", "TIFF", "AVIF"])
def test_transparent_parts_show_light_grey(name: str) -> None:
    rgba = np.dstack([np.zeros_like(scene()), np.full(scene().shape[:2], 255, np.uint8)])
    rgba[:, 48:, 3] = 0
    image = Image.fromarray(rgba)
    options = {"lossless": True} if name == "WEBP" else {}
    pixels = decoded(saved(image, name, **options))
    assert np.abs(pixels[:, 60:].astype(int) - 224).max() <= 3
    assert pixels[:, :36].max() <= 3


def test_half_transparent_parts_are_mixed() -> None:
    rgba = np.dstack([np.zeros_like(scene()), np.full(scene().shape[:2], 128, np.uint8)])
    pixels = decoded(saved(Image.fromarray(rgba), "PNG"))
    assert np.abs(pixels.astype(int) - 112).max() <= 1


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGBA", "I;16"])
def test_every_way_to_store_grey_gives_the_same_grey(mode: str) -> None:
    grey = np.full((32, 32), 255, np.uint8)
    grey[:, :16] = 0
    image = Image.fromarray(grey)
    if mode == "I;16":
        image = Image.fromarray(grey.astype(np.uint16) * 257)
    elif mode == "PA":
        image = image.convert("P")
        image.info["transparency"] = 7  # an entry that no pixel uses
    else:
        image = image.convert(mode)
    pixels = decoded(saved(image, "PNG"))
    assert np.array_equal(pixels, np.dstack([grey] * 3))


@pytest.mark.parametrize("name", ["PNG", "TIFF"])
def test_sixteen_bit_grey_is_scaled_and_not_clipped(name: str) -> None:
    ramp = np.linspace(0, 65535, 64 * 64).round().astype(np.uint16).reshape(64, 64)
    pixels = decoded(saved(Image.fromarray(ramp), name))
    assert np.abs(pixels[..., 0].astype(float) - ramp / 257).max() <= 0.5
    assert np.array_equal(pixels[..., 0], pixels[..., 2])


def test_big_endian_sixteen_bit_tiff_is_scaled() -> None:
    ramp = np.linspace(0, 65535, 64 * 64).round().astype(np.uint16).reshape(64, 64)
    image = Image.frombytes("I;16B", (64, 64), ramp.astype(">u2").tobytes())
    pixels = decoded(saved(image, "TIFF"))
    assert np.abs(pixels[..., 1].astype(float) - ramp / 257).max() <= 0.5


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_large_picture_is_reduced_to_the_longest_side(name: str) -> None:
    pixels = decoded(saved(scene(1200, 800), name), max_side=300)
    assert pixels.shape == (200, 300, 3)
    assert difference(pixels, scene(300, 200)) < 4


def test_reducing_does_not_alias() -> None:
    stripes = np.zeros((1024, 1024, 3), np.uint8)
    stripes[:, ::2] = 255  # finer than the result can show: a mean grey is right
    for name in ("PNG", "JPEG"):
        pixels = decoded(saved(stripes, name, **({"quality": 98} if name == "JPEG" else {})), 200)
        inner = pixels[10:-10, 10:-10].astype(float)
        assert inner.std() < 2
        assert abs(inner.mean() - 127.5) < 4


def test_a_small_picture_is_never_enlarged() -> None:
    assert decoded(saved(scene(), "PNG"), max_side=1000).shape == scene().shape


def test_the_colour_of_transparent_pixels_does_not_bleed_when_reducing() -> None:
    rgba = np.zeros((400, 400, 4), np.uint8)
    rgba[..., 1] = 255  # glaring green, wholly transparent
    rgba[100:300, 100:300] = (100, 100, 100, 255)
    pixels = decoded(saved(Image.fromarray(rgba), "PNG"), max_side=100).astype(int)
    assert np.abs(pixels[..., 1] - pixels[..., 0]).max() <= 2


@pytest.mark.parametrize("encode", [encode_webp, encode_jpeg, encode_png])
def test_an_encoded_picture_decodes_to_itself_without_metadata(encode: object) -> None:
    assert callable(encode)
    file = encode(scene())
    assert difference(decoded(file), scene()) < 4
    with Image.open(BytesIO(file)) as image:
        assert not image.getexif()
        assert "icc_profile" not in image.info


def test_png_text_and_odd_metadata_are_read_past() -> None:
    info = PngInfo()
    info.add_text("Comment", "naïve text" * 50, zip=True)
    info.add_itxt("Title", "Überschrift", lang="de", zip=True)
    file = saved(scene(), "PNG", pnginfo=info)
    assert np.array_equal(decoded(file), scene())
