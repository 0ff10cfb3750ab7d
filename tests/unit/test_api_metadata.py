"""What files tell beside pictures and sound is stored nowhere: proven by looking at what is."""

import io
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from PIL.TiffImagePlugin import IFDRational

from serve.api.services import Services
from tests.conftest import made
from tests.fakes import FakeStages, make_video
from tests.picture_files import rgb_profile, saved, scene
from tests.sound_files import tone

SECRET = "Quokka Lane 7"  # noqa: S105 - what nobody may find again
PLACE = (47.0, 22.0, 33.75)


def exif() -> bytes:
    about = Image.Exif()
    about[0x010E] = about[0x013B] = about[0x9286] = SECRET  # description, artist, comment
    place = about.get_ifd(0x8825)
    place.update({1: "N", 2: tuple(IFDRational(part) for part in PLACE), 27: SECRET.encode()})
    return about.tobytes()


XMP = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><dc:creator>{SECRET}</dc:creator></x:xmpmeta>'.encode()


def text() -> PngInfo:
    told = PngInfo()
    told.add_text("Author", SECRET)
    told.add_text("Comment", SECRET, zip=True)
    told.add_itxt("XML:com.adobe.xmp", XMP.decode())
    return told


def profile() -> bytes:
    """Colours that are turned round, so that it shows that they were read, and a name."""
    return rgb_profile("green", "red", "blue").replace(b"swapped", SECRET[:7].encode())


PICTURES: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: saved(PICTURE, "JPEG", exif=exif(), xmp=XMP, comment=SECRET.encode(),
                          icc_profile=profile()),
    "png": lambda: saved(PICTURE, "PNG", exif=exif(), pnginfo=text(), icc_profile=profile()),
    "webp": lambda: saved(PICTURE, "WEBP", exif=exif(), xmp=XMP, icc_profile=profile()),
    "avif": lambda: saved(PICTURE, "AVIF", exif=exif(), xmp=XMP, icc_profile=profile()),
    "gif": lambda: saved(Image.fromarray(PICTURE).convert("P"), "GIF", comment=SECRET.encode()),
    "tiff": lambda: saved(PICTURE, "TIFF", exif=exif(), icc_profile=profile()),
}  # fmt: skip
PICTURE = scene(320, 320)

TAGS = {"title": SECRET, "artist": SECRET, "comment": SECRET, "location": "+47.3760+008.5417/"}
SOUNDS = {
    "mp3": ("mp3", "libmp3lame"),
    "m4a": ("ipod", "aac"),
    "ogg": ("ogg", "libopus"),
    "flac": ("flac", "flac"),
    "webm": ("webm", "libopus"),
    "wav": ("wav", "pcm_s16le"),
}


def tagged(container: str, codec: str) -> bytes:
    target = io.BytesIO()
    with av.open(target, "w", format=container) as out:
        out.metadata.update(TAGS)
        stream: Any = out.add_stream(codec, rate=48_000)
        stream.layout = "mono"
        resampler = av.AudioResampler(
            stream.format.name, "mono", 48_000, frame_size=stream.codec_context.frame_size or 1024
        )
        frame = av.AudioFrame.from_ndarray(tone(1.0)[np.newaxis], "fltp", "mono")
        frame.sample_rate = 48_000
        for ready in (*resampler.resample(frame), *resampler.resample(None)):
            out.mux(stream.encode(ready))
        out.mux(stream.encode(None))
    return target.getvalue()


def everything(folder: Path) -> bytes:
    """All bytes below, those in archives unpacked, those of databases as they stand there."""
    found = b""
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        found += path.read_bytes()
        if path.suffix == ".npz":
            with zipfile.ZipFile(path) as packed:
                found += b"".join(packed.read(name) for name in packed.namelist())
        if path.suffix == ".sqlite3":
            with sqlite3.connect(path) as database:
                found += "\n".join(database.iterdump()).encode()
    return found


def told(found: bytes) -> list[bytes]:
    """What of the secret is in these bytes, however it may be written."""
    words = [SECRET.encode(), SECRET.encode("utf-16-le"), SECRET[:7].encode(), b"holiday-in-perth"]
    marks = [b"Exif\0\0", b"dc:creator", b"ICC_PROFILE", b"acsp", b"+47.37", b"APIC", b"TIT2"]
    return [mark for mark in words + marks if mark in found]


@pytest.mark.parametrize("kind", PICTURES)
async def test_of_a_picture_only_its_pixels_are_stored(
    client: httpx.AsyncClient, services: Services, kind: str
) -> None:
    file = PICTURES[kind]()
    assert SECRET[:7].encode() in file
    name = f"holiday-in-perth.{kind}"
    answer = await client.post("/v1/avatars", files={"image": (name, file)})
    assert answer.status_code == 201, answer.text
    preview = await client.get(answer.json()["urls"]["preview"])
    stored = everything(services.settings.data_dir)
    assert len(stored) > 3 * 320 * 320  # the pixels are there, so this is where to look
    for where in (stored, preview.content, answer.content):
        assert told(where) == []
    with Image.open(io.BytesIO(preview.content)) as image:
        assert not image.getexif()
        assert not {"icc_profile", "exif", "xmp", "comment"} & image.info.keys()
        corner = np.asarray(image.convert("RGB"))[4:12, 4:12].mean(axis=(0, 1))
    red, green, _ = corner
    # The profile is gone, and what it said of the colours was done.
    assert bool(green > red) is (kind != "gif")


@pytest.mark.parametrize("kind", SOUNDS)
async def test_of_a_recording_only_its_samples_are_stored(
    client: httpx.AsyncClient, services: Services, kind: str
) -> None:
    file = tagged(*SOUNDS[kind])
    assert SECRET.encode() in file
    name = f"holiday-in-perth.{kind}"
    answer = await client.post("/v1/videos", data={"avatar": "mira"}, files={"audio": (name, file)})
    assert answer.status_code == 202, answer.text
    stored = everything(services.settings.data_dir)
    assert len(stored) > 2 * 47_000
    assert told(stored) == told(answer.content) == []


async def test_looking_finds_what_is_there(
    client: httpx.AsyncClient, services: Services, stages: FakeStages
) -> None:
    stages.director = lambda job_id: make_video(services, job_id)
    await made(client, metadata={"note": SECRET})
    assert SECRET.encode() in told(everything(services.settings.data_dir))
