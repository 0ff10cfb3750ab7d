"""Recordings of every kind become one mono track at 48 kHz, in time with the file."""

import logging
import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from media.recording import decode_recording
from media.sound import Sound
from media.timegrid import SOUND_RATE
from tests.sound_files import KINDS, Signal, clicks, encoded, faststart, muxed, tone, wav


@pytest.fixture(autouse=True)
def _decoders_open_nothing(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A decoder that lacks an import says so to the operator: none here may."""
    yield
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def decoded(file: bytes) -> Sound:
    return decode_recording(file, max_seconds=60)


def lag(sound: Sound, wanted: Signal) -> int:
    """Samples by which a sound comes later than wanted."""
    reach = 3000
    inner = np.abs(wanted[2 * reach : -2 * reach])
    around = np.abs(sound.samples[reach : reach + len(inner) + 2 * reach])
    return int(np.argmax(np.correlate(around, inner, "valid"))) - reach


def level(samples: Signal) -> float:
    """RMS without the ends, where encoders fade."""
    return float(np.sqrt(np.mean(np.square(samples[4800:-4800]))))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_recording_is_decoded_in_time_and_at_its_level(kind: str) -> None:
    sound = decoded(encoded(kind, clicks(2.2)))
    assert (sound.rate, sound.start) == (SOUND_RATE, 0)
    assert sound.samples.dtype == np.float32
    # A bare AAC stream has no place to say how many samples its encoder put in front.
    late = 1024 if kind == "aac" else 0
    assert abs(lag(sound, clicks(2.2)) - late) <= 2
    assert abs(sound.seconds - 2.2) < 0.05
    assert abs(level(sound.samples) / level(clicks(2.2)) - 1) < 0.15


@pytest.mark.parametrize("rate", [4_000, 8_000, 11_025, 22_050, 44_100, 96_000, 192_000])
def test_any_rate_becomes_48_kilohertz(rate: int) -> None:
    sound = decoded(wav(tone(1.0, rate), rate))
    assert len(sound.samples) == pytest.approx(SOUND_RATE, abs=2)
    inner = slice(4800, 43_200)
    assert np.abs(sound.samples[inner] - tone(1.0)[inner]).max() < 2e-3


def test_what_lies_above_the_track_s_band_does_not_fold_back() -> None:
    sound = decoded(wav(tone(1.0, 192_000, 40_000.0) + tone(1.0, 192_000), 192_000))
    inner = slice(4800, 43_200)
    assert np.abs(sound.samples[inner] - tone(1.0)[inner]).max() < 2e-3


def test_a_film_gives_its_sound_track() -> None:
    for container, codec in (("mp4", "aac"), ("matroska", "libopus")):
        film = muxed(container, codec, clicks(2.2)[np.newaxis], "mono", film=True)
        assert abs(lag(decoded(film), clicks(2.2))) <= 2


def test_an_m4a_made_for_the_web_is_read(tmp_path: Path) -> None:
    assert abs(lag(decoded(faststart(clicks(2.2), tmp_path)), clicks(2.2))) <= 2


def test_a_live_recording_of_a_browser_has_no_length_and_is_read() -> None:
    file = encoded("webm opus", clicks(2.2), live="1")
    assert abs(lag(decoded(file), clicks(2.2))) <= 2


def test_a_wav_that_a_recorder_piped_has_no_length_and_is_read() -> None:
    for says in (0xFFFFFFFF, 0xFFFFFFFF - 36):
        assert decoded(wav(tone(1.0), says=says)).seconds == pytest.approx(1.0, abs=0.01)


def test_a_file_is_read_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "upload").write_bytes(wav(tone(1.0)))
    sound = decode_recording(tmp_path / "upload", max_seconds=60)
    assert np.abs(sound.samples - tone(1.0)).max() < 1e-6


def test_the_two_channels_of_stereo_are_averaged() -> None:
    left, right = tone(1.0), tone(1.0, frequency=1000.0)
    sound = decoded(wav(np.stack([left, right], axis=1)))
    assert np.abs(sound.samples - (left + right) / 2).max() < 1e-5


def test_a_voice_on_one_channel_is_heard() -> None:
    sound = decoded(wav(np.stack([np.zeros_like(tone(1.0)), tone(1.0)], axis=1)))
    assert np.abs(sound.samples - tone(1.0) / 2).max() < 1e-5


def test_channels_that_cancel_each_other_give_the_first() -> None:
    sound = decoded(wav(np.stack([tone(1.0), -tone(1.0)], axis=1)))
    assert np.abs(sound.samples - tone(1.0)).max() < 1e-5


def test_surround_is_mixed_by_the_standard_s_weights() -> None:
    # FL FR FC LFE SL SR
    weights = np.array([0.7071, 0.7071, 1.0, 0.0, 0.5, 0.5])
    for channel, weight in enumerate(weights):
        channels = np.zeros((6, 48_000), np.float32)
        channels[channel] = tone(1.0)
        channels[2] += tone(1.0, frequency=1000.0)
        sound = decoded(muxed("wav", "pcm_s16le", channels, "5.1"))
        wanted = (weight * tone(1.0) + tone(1.0, frequency=1000.0)) / weights.sum()
        assert np.abs(sound.samples - wanted).max() < 2e-3


@pytest.mark.parametrize(
    ("container", "codec", "layout", "count"),
    [("ipod", "aac", "7.1", 8), ("matroska", "libopus", "7.1", 8), ("flac", "flac", "7.1", 8),
     ("ipod", "aac", "6.1", 7), ("wav", "pcm_s16le", "22.2", 24)],
)  # fmt: skip
def test_more_channels_than_surround_has_are_mixed(
    container: str, codec: str, layout: str, count: int
) -> None:
    same = np.stack([tone(1.0)] * count)
    sound = decoded(muxed(container, codec, same, layout))
    assert abs(level(sound.samples) / level(tone(1.0)) - 1) < 0.15


def test_a_full_scale_recording_is_not_clipped_by_the_mix() -> None:
    loud = 3 * tone(1.0)
    sound = decoded(wav(np.stack([loud, loud], axis=1)))
    assert np.abs(sound.samples).max() == pytest.approx(1.0, abs=1e-3)


def test_numbers_that_are_none_are_cleaned_from_a_float_recording() -> None:
    samples = tone(1.0)
    samples[1000], samples[2000], samples[3000], samples[4000] = np.nan, np.inf, -np.inf, 1e30
    sound = decoded(wav(samples))
    assert np.isfinite(sound.samples).all()
    assert np.abs(sound.samples).max() <= 8
    clean = np.ones(48_000, bool)
    clean[[1000, 2000, 3000, 4000]] = False
    assert np.abs(sound.samples[clean] - tone(1.0)[clean]).max() < 1e-6


def test_an_mp3_with_a_cover_and_odd_tags_is_read() -> None:
    tag = b"TIT2" + (2**10).to_bytes(4) + b"\0\0" + b"\x03" + b"\xff\xfe\xfd" * 341
    picture = b"APIC" + (2**12).to_bytes(4) + b"\0\0" + bytes(2**12)
    body = tag + picture
    size = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
    file = encoded("mp3", clicks(2.2))
    file = b"ID3\x03\0\0" + size + body + file[file.index(b"\xff\xfb") :]
    assert abs(lag(decoded(file), clicks(2.2))) <= 2


def test_chained_recordings_follow_each_other() -> None:
    chain = encoded("ogg opus", tone(1.0)) + encoded("ogg opus", tone(1.0, frequency=1000.0))
    assert decoded(chain).seconds == pytest.approx(2.0, abs=0.05)


def test_decoded_samples_travel_between_processes() -> None:
    sound = decoded(wav(tone(1.0)))
    again = pickle.loads(pickle.dumps(sound.window(100, 200)))  # noqa: S301 - our own
    assert np.array_equal(again.samples, sound.samples[100:200])
