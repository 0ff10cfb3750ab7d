"""Files made to do harm, sent as clients send them: a clear refusal, and nothing stays anywhere."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import Stored, check_refusal, files_below, nothing_is_left
from tests.hostile.made import gifs, movies, pngs, polyglots, streams, tiffs, waves, webps
from tests.hostile.made.spoiling import SECOND
from tests.hostile.other_formats import NO_RECORDINGS
from tests.hostile.writers import long_sound_entry, mp4
from tests.picture_files import blank_png, png_header, saved, scene


@pytest.fixture(autouse=True)
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where uploads lie while a request runs; it is empty again behind each."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert files_below(folder) == set()


PICTURES: list[tuple[str, Callable[[], bytes], str, str, int]] = [
    ("a strip of 200,000", lambda: blank_png(200_000, 16), "image/png", "unreadable_image", 422),
    ("a second, larger header", lambda: pngs.with_chunk(*png_header(60_000, 60_000)),
     "image/png", "too_large", 413),
    ("a screen of 65535",
     lambda: gifs.gif(gifs.gif_frame((0, 0, 8, 8)), screen=(65_535, 65_535)),
     "image/gif", "too_large", 413),
    ("a film on a giant canvas", lambda: webps.webp_film_on(16_383, 16_383), "image/webp",
     "too_large", 413),
    ("a profile that unfolds",
     lambda: pngs.with_chunk(b"iCCP", b"p\0\0" + pngs.unfolding(16 * 2**20)),
     "image/png", "unreadable_image", 422),
    ("a zip named .png", polyglots.archive, "image/png", "unreadable_image", 422),
    ("a program named .jpg", lambda: b"\x7fELF\x02\x01\x01" + bytes(500), "image/jpeg",
     "unreadable_image", 422),
    ("a list named .gif", lambda: NO_RECORDINGS["hls"], "image/gif", "unreadable_image", 422),
    ("a giant tile", tiffs.giant_tile, "image/tiff", "unreadable_image", 422),
]  # fmt: skip


@pytest.mark.parametrize(
    ("make", "kind", "code", "status"),
    [row[1:] for row in PICTURES],
    ids=[row[0] for row in PICTURES],
)
async def test_a_nasty_picture_is_refused_and_leaves_nothing(
    client: httpx.AsyncClient,
    stored: Stored,
    make: Callable[[], bytes],
    kind: str,
    code: str,
    status: int,
) -> None:
    file = ("../../etc/cron.d/me.png", make(), kind)
    answer = await client.post("/v1/avatars", files={"image": file})
    check_refusal(answer, code, "image", status)
    assert stored() == set()
    await nothing_is_left(client, stored)


SOUNDS: list[tuple[str, Callable[[], bytes], str, str, int]] = [
    ("hls", lambda: NO_RECORDINGS["hls"], "audio/mpeg", "unreadable_audio", 422),
    ("a list to join", lambda: NO_RECORDINGS["concat"], "audio/wav", "unreadable_audio", 422),
    ("a session", lambda: NO_RECORDINGS["sdp"], "application/sdp", "unreadable_audio", 422),
    ("a million channels",
     lambda: mp4(SECOND, entry=long_sound_entry(channels=10**6, rate=48_000)),
     "audio/mp4", "unreadable_audio", 422),
    ("no channels", lambda: waves.pcm(channels=0, align=0), "audio/wav", "unreadable_audio", 422),
    ("4 billion Hz", lambda: waves.pcm(rate=2**32 - 1), "audio/wav", "unreadable_audio", 422),
    ("no numbers", lambda: waves.floats(float("nan")), "audio/wav", "silent_audio", 422),
    ("hours in a megabyte", lambda: streams.flac_bomb(5_000), "audio/flac", "too_large", 413),
    ("a header that unfolds", lambda: movies.squeezed_movie(2**32 - 1), "audio/mp4",
     "unreadable_audio", 422),
]  # fmt: skip


@pytest.mark.parametrize(
    ("make", "kind", "code", "status"), [row[1:] for row in SOUNDS], ids=[row[0] for row in SOUNDS]
)
async def test_a_nasty_recording_is_refused_and_leaves_nothing(
    client: httpx.AsyncClient,
    stored: Stored,
    make: Callable[[], bytes],
    kind: str,
    code: str,
    status: int,
) -> None:
    file = ("C:\\said.mp3", make(), kind)
    answer = await client.post("/v1/videos", data={"avatar": "mira"}, files={"audio": file})
    check_refusal(answer, code, "audio", status)
    await nothing_is_left(client, stored)


async def test_a_nasty_sample_of_a_voice_is_refused_and_leaves_nothing(
    client: httpx.AsyncClient, stored: Stored
) -> None:
    form = {"name": "Me", "language": "en-US", "consent": "I am the speaker of this recording."}
    file = ("me.wav", NO_RECORDINGS["hls"], "audio/wav")
    answer = await client.post("/v1/voices", data=form, files={"sample": file})
    check_refusal(answer, "unreadable_audio", "sample")
    assert stored() == set()


@pytest.mark.parametrize("name", ["PNG", "JPEG", "WEBP", "GIF", "AVIF"])
async def test_a_picture_of_a_wrong_name_and_type_is_read_by_its_content(
    client: httpx.AsyncClient, name: str
) -> None:
    file = ("holiday.mp3", saved(scene(320, 320), name), "application/pdf")
    answer = await client.post("/v1/avatars", files={"image": file})
    assert answer.status_code == 201, answer.text


async def test_of_a_picture_that_is_an_archive_as_well_only_pixels_are_stored(
    client: httpx.AsyncClient, stored: Stored
) -> None:
    both = saved(scene(320, 320), "GIF") + polyglots.archive()
    answer = await client.post("/v1/avatars", files={"image": ("me.gif", both, "image/gif")})
    assert answer.status_code == 201, answer.text
    assert stored()
    for name in stored():
        assert polyglots.MARK not in (stored.folder / name).read_bytes()
