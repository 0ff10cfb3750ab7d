"""Pictures made for print or with colour profiles come out in the colours that were meant."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from media.picture import decode_picture
from tests.picture_files import cmyk_profile, rgb_profile, saved, scene

MAX_PIXELS = 1_000_000


def error(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(int) - b).mean())


def as_inks(rgb: np.ndarray) -> Image.Image:
    """CMYK without black: each ink is what its colour lacks."""
    return Image.frombytes(
        "CMYK",
        (rgb.shape[1], rgb.shape[0]),
        np.dstack([255 - rgb, np.zeros(rgb.shape[:2], np.uint8)]).tobytes(),
    )


@pytest.mark.parametrize("name", ["JPEG", "TIFF"])
def test_cmyk_is_not_shown_as_its_negative(name: str) -> None:
    pixels = decode_picture(saved(as_inks(scene()), name), max_pixels=MAX_PIXELS)
    assert error(pixels, scene()) < 4


def test_black_ink_darkens() -> None:
    inks = Image.new("CMYK", (32, 32), (0, 0, 0, 204))
    pixels = decode_picture(saved(inks, "TIFF"), max_pixels=MAX_PIXELS)
    assert np.abs(pixels.astype(int) - 51).max() <= 1


def test_ycck_as_adobe_writes_it_is_read() -> None:
    # YCCK is YCbCr of "255 minus ink", and Adobe's inks are stored inverted: of the ink itself.
    # Pillow writes only CMYK, so write YCbCr in place of inks and let Adobe's marker say so.
    ycc = np.asarray(Image.fromarray(255 - scene()).convert("YCbCr"))
    file = saved(as_inks(ycc), "JPEG", quality=95)
    marker = file.index(b"Adobe")
    assert file[marker + 11] == 0
    file = file[: marker + 11] + b"\x02" + file[marker + 12 :]
    with Image.open(BytesIO(file)) as image:
        assert image.mode == "CMYK"
    assert error(decode_picture(file, max_pixels=MAX_PIXELS), scene()) < 6


def test_a_profile_says_what_the_numbers_mean() -> None:
    swapped = rgb_profile("blue", "green", "red")
    file = saved(scene(), "PNG", icc_profile=swapped)
    pixels = decode_picture(file, max_pixels=MAX_PIXELS).astype(int)
    # The first channel stood for blue.
    assert error(pixels[..., ::-1], scene()) < 4
    assert error(pixels, scene()) > 40


def test_a_profile_keeps_transparency() -> None:
    rgba = np.dstack([scene(), np.zeros(scene().shape[:2], np.uint8)])
    file = saved(Image.fromarray(rgba), "PNG", icc_profile=rgb_profile("red", "green", "blue"))
    assert np.all(decode_picture(file, max_pixels=MAX_PIXELS) == 224)


def test_a_printing_press_s_profile_is_followed() -> None:
    # In this press only black ink prints. Without the profile cyan would show.
    inks = np.zeros((32, 32, 4), np.uint8)
    inks[..., 0] = 255
    inks[:, 16:, 3] = 255
    image = Image.frombytes("CMYK", (32, 32), inks.tobytes())
    file = saved(image, "TIFF", icc_profile=cmyk_profile())
    pixels = decode_picture(file, max_pixels=MAX_PIXELS)
    assert pixels[:, :16].min() > 235
    assert pixels[:, 16:].max() < 20


@pytest.mark.parametrize(
    "profile", [b"garbage" * 100, rgb_profile("red", "green", "blue")[:200], cmyk_profile()]
)
def test_a_senseless_profile_is_passed_over(profile: bytes) -> None:
    file = saved(scene(), "PNG", icc_profile=profile)
    assert np.array_equal(decode_picture(file, max_pixels=MAX_PIXELS), scene())
