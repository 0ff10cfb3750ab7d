"""Recordings made to do harm: each is refused or gives plain samples, and nothing else happens."""

import struct
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest

from media import containers
from media.errors import AvatarError
from media.fault import DecodingError
from media.recording import SENTENCES, decode_recording
from media.timegrid import SOUND_RATE
from tests.hostile.made.spoiling import SECOND
from tests.hostile.made.streams import loud_opus
from tests.hostile.nasty import READ, Verdict, verdicts
from tests.hostile.sounds import SOUNDS
from tests.hostile.writers import box, chunk, full_box, mp4
from tests.sound_files import KINDS, encoded, tone, wav

MOST = 60 * SOUND_RATE
BY_NAME = {nasty.name: nasty for nasty in SOUNDS}
KILOBYTE = 1024


def judge(files: list[bytes]) -> list[Verdict]:
    return verdicts("sound", files, {"max_samples": MOST})


@pytest.fixture(scope="module")
def judged() -> dict[str, Verdict]:
    return dict(zip(BY_NAME, judge([nasty.make() for nasty in SOUNDS]), strict=True))


def test_no_two_nasty_recordings_have_one_name() -> None:
    assert len(BY_NAME) == len(SOUNDS)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_nasty_recording_is_refused_or_gives_plain_samples(
    judged: dict[str, Verdict], name: str
) -> None:
    verdict = judged[name]
    assert verdict.outcome in BY_NAME[name].wanted
    assert not verdict.locked_out
    if verdict.outcome == READ:
        assert 0 < verdict.written == 4 * verdict.report["samples"] <= 4 * MOST
    else:
        assert verdict.outcome in (*SENTENCES, "too_long", "undecodable")


@pytest.mark.parametrize("kind", KINDS)
def test_a_recording_cut_at_any_kilobyte_is_refused_or_nearly_whole(kind: str) -> None:
    file = encoded(kind, tone(1.0))
    cuts = [*range(KILOBYTE, len(file), KILOBYTE)][-40:]
    whole, *found = judge([file, *(file[:cut] for cut in cuts)])
    assert whole.outcome == READ
    for cut, verdict in zip(cuts, found, strict=True):
        if verdict.outcome == READ:
            # Half a second may be missing: clicks of a button, and what encoders fill up with.
            assert whole.written - verdict.written <= 4 * SOUND_RATE / 2, cut
        else:
            assert verdict.outcome in ("cut_short", "undecodable"), cut


@pytest.mark.parametrize("loud", [np.inf, -np.inf, np.nan, 3e38, 1e-45])
def test_numbers_that_are_none_never_reach_the_sound(loud: float) -> None:
    samples = tone(1.0)
    samples[::7] = loud
    sound = decode_recording(wav(samples), max_seconds=60)
    assert np.isfinite(sound.samples).all()
    assert np.abs(sound.samples).max() <= 8


def test_sound_that_asks_to_be_deafening_stays_within_bounds() -> None:
    sound = decode_recording(loud_opus(), max_seconds=60)
    assert np.isfinite(sound.samples).all()
    assert np.abs(sound.samples).max() <= 9  # resampling may pass a clipped peak a little


class TestFilesThatNameOtherFiles:
    """FFmpeg itself, asked plainly, would read the other file: see each `control`."""

    @pytest.fixture
    def secret(self, tmp_path: Path) -> Path:
        path = tmp_path / "secret.wav"
        path.write_bytes(wav(tone(2.0)))
        return path

    def control(self, path: Path, **options: str) -> None:
        with av.open(str(path), options=options) as container:
            assert sum(frame.samples for frame in container.decode(audio=0)) > SOUND_RATE

    def refused(self, path: Path) -> None:
        for source in (path, path.read_bytes()):
            with pytest.raises(AvatarError) as refusal:
                decode_recording(source, max_seconds=60)
            assert refusal.value.code == "unreadable_audio"

    def test_a_playlist(self, secret: Path, tmp_path: Path) -> None:
        path = tmp_path / "list.m3u8"
        path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{secret}\n#EXT-X-ENDLIST\n")
        self.control(path, allowed_extensions="ALL", extension_picky="0")
        self.refused(path)

    def test_a_list_to_join(self, secret: Path, tmp_path: Path) -> None:
        path = tmp_path / "list.ffconcat"
        path.write_text(f"ffconcat version 1.0\nfile {secret}\n")
        self.control(path, safe="0")
        self.refused(path)

    def test_a_film_whose_sound_lies_in_another_file(self, secret: Path, tmp_path: Path) -> None:
        path = tmp_path / "film.mov"
        path.write_bytes(mp4(SECOND * 2, reference=alias_to(secret)))
        self.control(path, enable_drefs="1", use_absolute_path="1")
        self.refused(path)


def alias_to(path: Path) -> bytes:
    """A reference of QuickTime's kind "alis", which names a file by its whole path."""
    name = str(path).encode()
    name += bytes(len(name) % 2)
    volume, file, levels = bytes(10 + 1 + 27 + 12), bytes(1 + 63 + 16), b"\xff\xff\xff\xff"
    named = struct.pack(">HH", 2, len(name)) + name + struct.pack(">HH", 0xFFFF, 0)
    return full_box(b"alis", volume, file, levels, bytes(16), named)


@pytest.mark.parametrize(
    ("name", "head", "part"),
    [
        ("wav", b"RIFF\0\0\0\0WAVE", chunk(b"junk", b"")),
        ("mov", box(b"ftyp", b"qt  ", bytes(4)), box(b"free")),
        ("matroska", b"", b"\xec\x80"),
    ],
)
def test_a_file_of_parts_without_end_is_given_up(
    monkeypatch: pytest.MonkeyPatch, name: str, head: bytes, part: bytes
) -> None:
    monkeypatch.setattr(containers, "MOST_PARTS", 1_000)
    assert containers.missing_share(BytesIO(head + part * 900), name) == 0
    with pytest.raises(DecodingError, match="undecodable"):
        containers.missing_share(BytesIO(head + part * 1_001), name)
