"""A transcript spreads over its recording where someone speaks, and stops in the pauses."""

from itertools import pairwise

import numpy as np
import pytest

from media import transcript
from media.captions import captions
from media.levels import window_levels
from media.sound import Sound, Word
from media.subtitles import to_webvtt

RATE = 48_000


def words_from_transcript(text: str, sound: Sound) -> list[Word]:
    levels = window_levels(sound, transcript.WINDOW)
    return transcript.words_from_transcript(text, levels, sound.seconds)


def voiced_stretches(sound: Sound) -> transcript.Stretches:
    return transcript.voiced_stretches(window_levels(sound, transcript.WINDOW), sound.seconds)


def speech(*stretches: tuple[float, float], seconds: float, noise: float = 1e-3) -> Sound:
    """A buzz that swells like syllables during the stretches, over faint noise."""
    times = np.arange(round(seconds * RATE)) / RATE
    rng = np.random.default_rng(2)
    samples = noise * rng.standard_normal(len(times))
    for start, end in stretches:
        inside = (times >= start) & (times < end)
        swell = 0.6 + 0.4 * np.sin(2 * np.pi * 4 * (times[inside] - start))
        samples[inside] += 0.2 * swell * np.sign(np.sin(2 * np.pi * 120 * times[inside]))
    return Sound(samples.astype(np.float32), RATE)


def test_speech_is_found_between_pauses() -> None:
    found = voiced_stretches(speech((0.5, 2.0), (3.0, 4.5), seconds=5.0))
    assert np.abs(found - [[0.5, 2.0], [3.0, 4.5]]).max() < 0.03


@pytest.mark.parametrize("noise", [0.0, 1e-4, 1e-2])
def test_speech_is_found_in_digital_silence_and_in_noise(noise: float) -> None:
    found = voiced_stretches(speech((1.0, 3.0), seconds=4.0, noise=noise))
    assert np.abs(found - [[1.0, 3.0]]).max() < 0.03


def test_the_closure_of_a_plosive_is_no_pause() -> None:
    found = voiced_stretches(speech((0.5, 1.5), (1.6, 2.5), seconds=3.0))
    assert len(found) == 1


def test_a_click_is_no_speech() -> None:
    found = voiced_stretches(speech((0.5, 0.53), (1.0, 2.5), seconds=3.0))
    assert np.abs(found - [[1.0, 2.5]]).max() < 0.03


def test_words_lie_where_someone_speaks() -> None:
    sound = speech((0.5, 2.0), (3.0, 4.5), seconds=5.0)
    words = words_from_transcript("one two three four. five six seven eight.", sound)
    assert [word.text for word in words][:2] == ["one", "two"]
    assert len(words) == 8
    assert words[0].start == pytest.approx(0.5, abs=0.03)
    assert words[3].end == pytest.approx(2.0, abs=0.03)
    assert words[4].start == pytest.approx(3.0, abs=0.03)
    assert words[-1].end == pytest.approx(4.5, abs=0.03)


def test_words_follow_each_other_and_longer_words_last_longer() -> None:
    words = words_from_transcript("a extraordinarily b", speech((0.2, 2.8), seconds=3.0))
    assert all(a.end <= b.start + 1e-9 for a, b in pairwise(words))
    lengths = [word.end - word.start for word in words]
    assert lengths[1] > 4 * lengths[0]


def test_ends_of_sentences_are_drawn_to_pauses() -> None:
    # The first sentence is spoken slowly: by length alone it would end after 1.1 s.
    sound = speech((0.0, 1.4), (2.0, 4.0), seconds=4.2)
    words = words_from_transcript("I was there. Nobody else came to see it.", sound)
    third, fourth = words[2], words[3]
    assert third.end == pytest.approx(1.4, abs=0.03)
    assert fourth.start == pytest.approx(2.0, abs=0.03)


def test_times_stay_right_over_many_sentences() -> None:
    rng = np.random.default_rng(4)
    stretches, sentences, at = [], [], 0.3
    for n in range(20):
        count = int(rng.integers(3, 12))
        length = count * float(rng.uniform(0.25, 0.4))
        stretches.append((at, at + length))
        sentences.append(" ".join(["word"] * (count - 1) + [f"end{n}."]))
        at += length + float(rng.uniform(0.3, 0.9))
    words = words_from_transcript(" ".join(sentences), speech(*stretches, seconds=at))
    ends = [word.end for word in words if word.text.startswith("end")]
    errors = np.abs(np.array(ends) - [end for _, end in stretches])
    assert np.median(errors) < 0.05
    assert errors.max() < 1.0


def test_a_transcript_of_a_recording_becomes_captions() -> None:
    sound = speech((0.5, 2.0), (3.0, 4.5), seconds=5.0)
    words = words_from_transcript("Hello there, friend. How are you today?", sound)
    file = to_webvtt(captions(words))
    assert "00:00:00." in file
    assert "How are you today?" in file


def test_an_even_hum_gets_its_words_evenly() -> None:
    sound = speech((0.0, 4.0), seconds=4.0)
    words = words_from_transcript("aa bb cc dd", sound)
    assert words[0].start == pytest.approx(0.0, abs=0.03)
    assert words[-1].end == pytest.approx(4.0, abs=0.03)
    assert words[1].end == pytest.approx(2.0, abs=0.05)


def test_silence_and_the_shortest_sound_still_give_times() -> None:
    for seconds in (0.005, 0.1, 2.0):
        sound = Sound(np.zeros(round(seconds * RATE), np.float32), RATE)
        words = words_from_transcript("a b c", sound)
        assert [word.text for word in words] == ["a", "b", "c"]
        assert words[-1].end <= seconds + 1e-6


def test_no_words_and_no_sound_give_nothing() -> None:
    assert words_from_transcript(" \n ", speech((0.0, 1.0), seconds=1.0)) == []
    assert words_from_transcript("hello", Sound(np.zeros(0, np.float32), RATE)) == []


def test_chinese_is_timed_sign_by_sign() -> None:
    words = words_from_transcript("你好，世界。 OK!", speech((0.0, 2.0), seconds=2.0))  # noqa: RUF001
    assert [word.text for word in words] == ["你", "好，", "世", "界。", "OK!"]  # noqa: RUF001


def test_a_word_for_which_no_time_is_left_does_not_end_before_it_begins() -> None:
    levels = np.full(80, 0.3, np.float32)
    levels[47:67] = 0.0
    for text in ("今日良い天気です。はい、そうです。", "So it is today, is it? Oh, it is."):
        words = transcript.words_from_transcript(text, levels, 0.8)
        assert all(word.start <= word.end for word in words)
        assert [word.start for word in words] == sorted(word.start for word in words)
