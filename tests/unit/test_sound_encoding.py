"""Every format of speech plays from its first bytes on, and holds what was said."""

import io
import wave

import av
import numpy as np
import pytest

from media.containers import container_of
from media.recording import decode_recording
from media.sound_encoding import FORMATS, RATE, encode_whole, open_encoder
from tests.heard import heard

CONTAINERS = {"mp3": "mp3", "opus": "ogg", "aac": "aac", "flac": "flac", "wav": "wav"}


def sweep(seconds: float = 3.0) -> np.ndarray:
    """A tone that rises, so that each moment is told from the others."""
    times = np.arange(int(seconds * RATE)) / RATE
    return (0.3 * np.sin(2 * np.pi * (150 + 120 * times) * times)).astype(np.float32)


def at_best_shift(given: np.ndarray, got: np.ndarray, most: int = 2000) -> tuple[int, float, float]:
    """By how many samples it comes late, how alike it is there (1: the same), and its gain."""
    first, length = len(given) // 4, len(given) // 4
    middle = given[first : first + length]
    windows = np.lib.stride_tricks.sliding_window_view(got[first : first + length + most], length)
    scores = windows @ middle / (np.linalg.norm(middle) * np.linalg.norm(windows, axis=1))
    late = int(scores.argmax())
    return late, float(scores[late]), float(windows[late] @ middle / (middle @ middle))


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_decoded_is_what_was_said(name: str) -> None:
    given = sweep()
    rate, got = heard(name, encode_whole(name, given))
    assert rate == (48_000 if name == "opus" else RATE)  # Opus is always decoded to 48 kHz
    got = got[:: rate // RATE]
    late, alike, gain = at_best_shift(given, got)
    assert alike > 0.99
    assert gain == pytest.approx(1.0, abs=0.02)
    assert late <= 0.06 * RATE  # the coder's delay, which no header tells a player to leave out
    assert 0 <= len(got) - len(given) <= 0.12 * RATE
    if name in ("wav", "pcm", "flac"):
        assert np.abs(got - given).max() <= 1 / 32768


@pytest.mark.parametrize("name", FORMATS)
def test_neither_the_first_nor_the_last_moment_is_cut_off(name: str) -> None:
    given = np.zeros(2 * RATE + 123, np.float32)  # no whole number of any coder's frames
    given[:480] = given[-480:] = sweep()[RATE : RATE + 480]
    rate, got = heard(name, encode_whole(name, given))
    heard_at = np.flatnonzero(np.abs(got) > 0.1) / rate
    late = {"mp3": 1105, "aac": 1024}.get(name, 0)  # samples of the coders' own
    assert heard_at[0] == pytest.approx(late / RATE, abs=0.002)
    assert heard_at[-1] == pytest.approx((late + len(given)) / RATE, abs=0.002)


@pytest.mark.parametrize("name", FORMATS)
def test_sound_leaves_while_more_is_to_come(name: str) -> None:
    encoder = open_encoder(name)
    given = sweep(2.0)
    early = encoder.encode(given[:RATE])
    _, got = heard(name, early)
    seconds = len(got) / (48_000 if name == "opus" else RATE)
    assert seconds > 0.8
    whole = early + encoder.encode(given[RATE:]) + encoder.end()
    assert whole == encode_whole(name, given)


@pytest.mark.parametrize("name", CONTAINERS)
def test_what_we_make_can_be_uploaded_as_a_recording(name: str) -> None:
    data = encode_whole(name, sweep())
    assert container_of(io.BytesIO(data)) == CONTAINERS[name]
    assert decode_recording(data, max_seconds=10).seconds == pytest.approx(3, abs=0.13)


def test_wav_is_read_by_those_who_never_heard_of_open_lengths() -> None:
    with wave.open(io.BytesIO(encode_whole("wav", sweep()))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
        assert len(file.readframes(10 * RATE)) == 2 * 3 * RATE


@pytest.mark.parametrize("name", FORMATS)
def test_speech_that_is_given_up_leaves_an_encoder_that_goes_quietly(name: str) -> None:
    encoder = open_encoder(name)
    encoder.encode(sweep(0.5))
    del encoder


def test_every_format_names_a_codec_that_is_there() -> None:
    assert {form.codec for form in FORMATS.values() if form.codec} <= av.codecs_available
