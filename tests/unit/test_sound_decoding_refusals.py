"""Hostile and hopeless recordings: each gets its one clear error, at once, and costs nothing."""

import contextlib
import random
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from peak_memory import growth

from media.errors import AvatarError
from media.recording import decode_recording
from tests.sound_files import encoded, faststart, muxed, tone, wav

HLS = b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
CONCAT = b"ffconcat version 1.0\nfile /etc/passwd\n"


def silence(seconds: float) -> bytes:
    return wav(np.zeros(round(48_000 * seconds), np.float32))


def film_without_sound() -> bytes:
    file = muxed("matroska", "aac", tone(1.0)[np.newaxis], "mono", film=True)
    # Turn the sound track (type 2) into subtitles (type 17), which nobody can hear.
    return file.replace(b"\x83\x81\x02", b"\x83\x81\x11", 1)


def of_other_codec() -> bytes:
    return muxed("wav", "adpcm_ms", tone(1.0)[np.newaxis], "mono")


def click() -> bytes:
    samples = np.zeros(48_000, np.float32)
    samples[24_000:24_400] = 0.9
    return wav(samples)


def chain_of_two_rates() -> bytes:
    first, second = tone(1.0, 44_100), tone(1.0, 22_050)
    return encoded("ogg vorbis", first, 44_100) + encoded("ogg vorbis", second, 22_050)


def offset() -> bytes:
    return wav(np.full(48_000, 0.5, np.float32))


def mp3_headers_only() -> bytes:
    return (b"\xff\xfb\x90\x64" + b"\xff" * 413) * 40


REFUSED: list[tuple[str, Callable[[], bytes], str, str]] = [
    ("empty", lambda: b"", "unreadable_audio", "empty"),
    ("text named .mp3", lambda: b"Dear all,\nplease", "unreadable_audio", "not a recording"),
    ("a picture", lambda: b"\x89PNG\r\n\x1a\n" + bytes(64), "unreadable_audio", "not a recording"),
    ("a playlist", lambda: HLS, "unreadable_audio", "not a recording"),
    ("a script", lambda: CONCAT, "unreadable_audio", "not a recording"),
    ("avi", lambda: b"RIFF\0\0\0\0AVI LIST", "unreadable_audio", "not a recording"),
    ("aiff", lambda: b"FORM\0\0\0\0AIFF", "unreadable_audio", "not a recording"),
    ("wav magic only", lambda: b"RIFF\x24\0\0\0WAVE", "unreadable_audio", "damaged"),
    ("ogg magic only", lambda: b"OggS" + bytes(60), "unreadable_audio", ""),
    ("flac magic only", lambda: b"fLaC" + bytes(60), "unreadable_audio", ""),
    ("mp4 magic only", lambda: b"\0\0\0\x10ftypM4A \0\0\0\0", "unreadable_audio", "damaged"),
    ("webm magic only", lambda: b"\x1a\x45\xdf\xa3\x80", "unreadable_audio", "damaged"),
    ("mp3 without sound", mp3_headers_only, "unreadable_audio", "damaged"),
    ("a film without sound", film_without_sound, "unreadable_audio", "no sound track"),
    ("another codec", of_other_codec, "unreadable_audio", "codec"),
    ("2 kHz", lambda: wav(tone(1.0, 2_000, 200.0), 2_000), "unreadable_audio", "sample rate"),
    ("384 kHz", lambda: wav(tone(0.5, 384_000), 384_000), "unreadable_audio", "sample rate"),
    ("a chain of two rates", chain_of_two_rates, "unreadable_audio", "damaged"),
    ("header without samples", lambda: silence(0), "unreadable_audio", "damaged"),
    ("silence", lambda: silence(2), "silent_audio", "silent"),
    ("0.1 s of sound", lambda: wav(tone(0.1)), "silent_audio", "silent"),
    ("hiss below -60 dB", lambda: wav(tone(2.0) / 1000), "silent_audio", "silent"),
    ("a click", click, "silent_audio", "silent"),
    ("an offset", offset, "silent_audio", "silent"),
    ("no numbers", lambda: wav(np.full(48_000, np.nan, np.float32)), "silent_audio", "silent"),
    ("over-long", lambda: wav(tone(61.0)), "too_large", "60 s"),
    ("over-long mp3", lambda: encoded("mp3", tone(61.0)), "too_large", "60 s"),
]


@pytest.mark.parametrize(
    ("make", "code", "words"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_a_bad_recording_gets_its_error(make: Callable[[], bytes], code: str, words: str) -> None:
    data = make()
    began = time.monotonic()
    with pytest.raises(AvatarError) as refusal:
        decode_recording(data, max_seconds=60, param="sample")
    assert refusal.value.code == code
    assert words in refusal.value.message
    assert refusal.value.message.endswith(".")
    assert refusal.value.param == "sample"
    assert time.monotonic() - began < 10


TELL_THEIR_LENGTH = [
    *("wav", "mp3", "m4a", "m4a lossless", "aac", "ogg vorbis", "ogg opus", "flac"),
    *("webm opus", "matroska aac"),
]


@pytest.mark.parametrize("kind", TELL_THEIR_LENGTH)
@pytest.mark.parametrize("share", [0.3, 0.8])
def test_a_truncated_recording_is_refused(kind: str, share: float) -> None:
    file = encoded(kind, tone(6.0))
    with pytest.raises(AvatarError) as refusal:
        decode_recording(file[: int(len(file) * share)], max_seconds=60)
    assert refusal.value.code == "unreadable_audio"
    assert "cut short" in refusal.value.message


def test_a_truncated_m4a_with_its_index_in_front_is_refused(tmp_path: Path) -> None:
    file = faststart(tone(6.0), tmp_path)
    with pytest.raises(AvatarError, match="cut short"):
        decode_recording(file[: int(len(file) * 0.7)], max_seconds=60)


def test_a_truncated_live_recording_of_a_browser_is_refused() -> None:
    file = encoded("webm opus", tone(6.0), live="1")
    with pytest.raises(AvatarError, match="cut short"):
        decode_recording(file[: int(len(file) * 0.7)], max_seconds=60)


@pytest.mark.parametrize("kind", ["wav", "mp3", "ogg opus", "flac", "webm opus"])
def test_a_few_missing_bytes_at_the_end_do_not_matter(kind: str) -> None:
    file = encoded(kind, tone(6.0))
    assert decode_recording(file[:-200], max_seconds=60).seconds > 4.9


@pytest.mark.parametrize("kind", ["mp3", "ogg vorbis", "flac", "aac"])
def test_a_scratch_in_the_middle_does_not_matter(kind: str) -> None:
    file = bytearray(encoded(kind, tone(6.0)))
    middle = len(file) // 2
    file[middle : middle + 50] = bytes(50)
    assert decode_recording(bytes(file), max_seconds=60).seconds > 4.5


def test_a_recording_that_is_mostly_rubbish_is_refused() -> None:
    file = bytearray(encoded("flac", tone(6.0)))
    rng = np.random.default_rng(3)
    file[3000:] = rng.integers(0, 256, len(file) - 3000, np.uint8).tobytes()
    with pytest.raises(AvatarError) as refusal:
        decode_recording(bytes(file), max_seconds=60)
    assert refusal.value.code == "unreadable_audio"


def test_a_recording_at_the_limit_is_still_read() -> None:
    assert decode_recording(wav(tone(3.0)), max_seconds=3.0).seconds == 3.0


def test_flipped_bytes_give_a_recording_or_a_refusal_and_nothing_else() -> None:
    dice = random.Random(5)
    for kind in ("wav", "mp3", "m4a", "aac", "ogg vorbis", "ogg opus", "flac", "webm opus"):
        for _ in range(2):
            file = bytearray(encoded(kind, tone(1.0)))
            for _ in range(12):
                file[dice.randrange(12, len(file))] = dice.randrange(256)
            with contextlib.suppress(AvatarError):  # any other error fails the test
                sound = decode_recording(bytes(file), max_seconds=60)
                assert np.isfinite(sound.samples).all()


def test_five_minutes_of_sound_take_no_memory_of_the_server(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    path.write_bytes(wav((tone(300.0, 8_000) * 32767).astype(np.int16), 8_000))
    sounds = []
    grown = growth(lambda: sounds.append(decode_recording(path, max_seconds=1800)))
    assert sounds[0].seconds == 300
    assert sounds[0].samples.nbytes > 50 * 2**20
    assert grown < 12 * 2**20
