"""Pictures made to do harm: each is refused or gives plain pixels, and nothing else happens."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from media.fault import DecodingError
from media.limited import Limits, run_decoder
from media.picture import SENTENCES, decode_picture, encode_jpeg, encode_png, encode_webp
from tests.hostile.made.jpegs import jpeg_of_many_scans
from tests.hostile.made.polyglots import MARK, POLYGLOTS
from tests.hostile.nasty import READ, Verdict, verdicts
from tests.hostile.pictures import PICTURES
from tests.picture_files import saved, scene

MAX_PIXELS = 50_000_000
BY_NAME = {nasty.name: nasty for nasty in PICTURES}
KILOBYTE = 1024
SMUGGLED = (MARK, b"<?php", b"<script", b"PK\x03\x04", b"%PDF")


def judge(files: list[bytes], max_side: int | None = None) -> list[Verdict]:
    return verdicts("picture", files, {"max_pixels": MAX_PIXELS, "max_side": max_side})


@pytest.fixture(scope="module")
def judged() -> dict[str, Verdict]:
    return dict(zip(BY_NAME, judge([nasty.make() for nasty in PICTURES]), strict=True))


def test_no_two_nasty_pictures_have_one_name() -> None:
    assert len(BY_NAME) == len(PICTURES)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_nasty_picture_is_refused_or_gives_plain_pixels(
    judged: dict[str, Verdict], name: str
) -> None:
    verdict = judged[name]
    assert verdict.outcome in BY_NAME[name].wanted
    assert not verdict.locked_out
    if verdict.outcome == READ:
        width, height = verdict.report["width"], verdict.report["height"]
        assert 0 < verdict.written == 3 * width * height <= 3 * MAX_PIXELS
    else:
        assert verdict.outcome in (*SENTENCES, "too_large", "undecodable")


def noise(name: str, **options: object) -> bytes:
    pixels = np.random.default_rng(1).integers(0, 255, (96, 96, 3), np.uint8)
    return saved(Image.fromarray(pixels), name, **options)


FORMATS: list[tuple[str, dict[str, object]]] = [
    ("PNG", {}),
    ("JPEG", {"quality": 95}),
    ("JPEG", {"quality": 95, "progressive": True}),
    ("WEBP", {"lossless": True}),
    ("WEBP", {"quality": 95}),
    ("GIF", {}),
    ("BMP", {}),
    ("TIFF", {}),
    ("TIFF", {"compression": "tiff_lzw"}),
    ("AVIF", {"quality": 95}),
]


@pytest.mark.parametrize(("name", "options"), FORMATS)
def test_a_picture_cut_at_any_kilobyte_is_refused(name: str, options: dict[str, object]) -> None:
    file = noise(name, **options)
    assert len(file) > 4 * KILOBYTE
    cuts = range(KILOBYTE, len(file), KILOBYTE)
    found = judge([file, *(file[:cut] for cut in cuts)])
    assert found[0].outcome == READ
    assert {verdict.outcome for verdict in found[1:]} == {"undecodable"}


def test_a_picture_that_would_take_minutes_is_ended_by_its_processor_time() -> None:
    limits = Limits(memory_bytes=2**30, cpu_seconds=1, wall_seconds=30.0, output_bytes=2**26)
    options = {"max_pixels": MAX_PIXELS, "max_side": None}
    whole = jpeg_of_many_scans(1_600, 1)
    run_decoder("media.picture_decoding", whole, options, limits).output.close()
    with pytest.raises(DecodingError, match="timeout"):
        run_decoder("media.picture_decoding", jpeg_of_many_scans(1_600, 2_000), options, limits)


@pytest.mark.parametrize("name", POLYGLOTS)
def test_of_a_picture_that_is_something_else_as_well_only_pixels_are_kept(name: str) -> None:
    pixels = decode_picture(POLYGLOTS[name], max_pixels=MAX_PIXELS)
    assert pixels.shape == scene().shape
    for encode in (encode_webp, encode_jpeg, encode_png):
        kept = encode(pixels)
        assert not [smuggled for smuggled in SMUGGLED if smuggled in kept]


@pytest.mark.parametrize("name", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "AVIF"])
def test_what_a_picture_is_says_its_content_and_not_its_name(name: str, tmp_path: Path) -> None:
    path = tmp_path / "me.exe"
    path.write_bytes(saved(scene(), name))
    assert decode_picture(path, max_pixels=MAX_PIXELS).shape == scene().shape
